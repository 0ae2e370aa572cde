import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { queueDemo } from '../../demos/queue/demo.js'
import { demoCommand } from '../lib/spec.js'
import { type Duration, duration, size, wholeNumber } from '../lib/values.js'

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
  ],
  options: (command) =>
    command
      .option('--capacity <n>', 'most messages in the queue: 0, a number, or unbounded', capacity, 4)
      .addOption(
        new Option('--send <mode>', 'what send does when the queue is full')
          .choices(ways)
          .default('blocking'),
      )
      .addOption(
        new Option('--receive <mode>', 'what receive does when the queue is empty')
          .choices(ways)
          .default('blocking'),
      )
      .option('--messages <n>', `number of messages, 1 to ${mostMessages}`, wholeNumber(1, mostMessages), 8)
      .option('--send-every <duration>', 'pause of the sender between two messages (default: none)', duration)
      .option(
        '--receive-every <duration>',
        'pause of the receiver between two messages (default: 100ms)',
        duration,
      )
      .addOption(
        new Option(
          '--limit <size>',
          "with --capacity unbounded: most bytes that wait in the sender's memory, in messages of 1 MiB",
        )
          .argParser(size(1, 2 ** 36))
          .default(64 * 2 ** 20, '64MiB'),
      ),
  demo(_, { capacity, send, receive, messages, sendEvery, receiveEvery, limit }) {
    const pause = (every: Duration | undefined, otherwise: number) => every?.milliseconds ?? otherwise
    return queueDemo({
      capacity,
      send,
      receive,
      messages,
      sendEvery: pause(sendEvery, 0),
      receiveEvery: pause(receiveEvery, 100),
      limit,
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
