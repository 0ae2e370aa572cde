import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { queueDemo } from '../../demos/queue/demo.js'
import { UsageError } from '../../errors.js'
import { demoCommand } from '../lib/spec.js'
import { type Duration, duration, size, wholeNumber } from '../lib/values.js'
import { kindOption } from './which.js'

/** Every message is reported on its own, so more would be unreadable. */
const mostMessages = 1000

const ways = ['blocking', 'nonblocking'] as const

export const spec = demoCommand({
  examples: [
    'osdemo queue                       # bounded: a full queue blocks the sender',
    'osdemo queue --send nonblocking    # a full queue: EAGAIN',
    'osdemo queue --capacity 0          # a rendezvous',
    'osdemo queue --capacity unbounded  # the sender grows',
    'osdemo queue --send-every 200ms    # a slow sender: the receiver blocks',
    'osdemo queue --kind sysv           # messages with types',
  ],
  options: (command) =>
    command
      .addOption(kindOption())
      .option(
        '--capacity <n>',
        'most messages in the queue: 0, a number, or unbounded (default: 4)',
        capacity,
      )
      .addOption(
        new Option('--send <mode>', 'what send does when the queue is full (default: blocking)').choices(
          ways,
        ),
      )
      .addOption(
        new Option(
          '--receive <mode>',
          'what receive does when the queue is empty (default: blocking)',
        ).choices(ways),
      )
      .option(
        '--messages <n>',
        `number of messages, 1 to ${mostMessages} (default: 8)`,
        wholeNumber(1, mostMessages),
      )
      .option('--send-every <duration>', 'pause of the sender between two messages (default: none)', duration)
      .option(
        '--receive-every <duration>',
        'pause of the receiver between two messages (default: 100ms)',
        duration,
      )
      .option(
        '--limit <size>',
        "with --capacity unbounded: most bytes that wait in the sender's memory, in messages of 1 MiB (default: 64MiB)",
        size(1, 2 ** 36),
      ),
  async demo(_, { kind, capacity, send, receive, messages, sendEvery, receiveEvery, limit }) {
    if (kind === 'sysv') {
      const given = { capacity, send, receive, messages, sendEvery, receiveEvery, limit }
      const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? []
      if (name !== undefined)
        throw new UsageError(
          `--${name.replace('Every', '-every')} does not fit --kind sysv`,
          'The demo of System V queues takes no other option. For a POSIX queue, leave out --kind sysv.',
        )
      return (await import('../../demos/queue/sysv/demo.js')).sysvQueueDemo
    }
    const pause = (every: Duration | undefined, otherwise: number) => every?.milliseconds ?? otherwise
    return queueDemo({
      capacity: capacity ?? 4,
      send: send ?? 'blocking',
      receive: receive ?? 'blocking',
      messages: messages ?? 8,
      sendEvery: pause(sendEvery, 0),
      receiveEvery: pause(receiveEvery, 100),
      limit: limit ?? 64 * 2 ** 20,
    })
  },
})

/** `0`, `4`, `unbounded`. What is too many, the kernel decides. */
function capacity(text: string): number | 'unbounded' {
  if (text === 'unbounded') return text
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number <= Number.MAX_SAFE_INTEGER) return number
  throw new InvalidArgumentError('Use 0, a number of messages, or unbounded.')
}
