import { highestPriority, queueSend } from '../../demos/queue/send.js'
import { largestType } from '../../demos/queue/shared-queue.js'
import { toolCommand } from '../lib/spec.js'
import { wholeNumber } from '../lib/values.js'
import { addWhich, messageType, refuse, typeNeedsSysv, whichQueue } from './which.js'

const rule = `It takes a whole number from 1 to ${largestType}.`

export const spec = toolCommand({
  examples: [
    'osdemo queue send hello          # in another terminal: osdemo queue receive',
    'osdemo queue send --priority 9 urgent',
    'osdemo queue send --keep one two # the messages stay in the kernel',
    'osdemo queue send < file         # each line is a message',
    'osdemo queue send --kind sysv --type 3 hello',
  ],
  options: (command) =>
    addWhich(
      command.argument('[text...]', 'messages to send; without any, each line of stdin is a message'),
      ', which is created if it does not exist',
    )
      .option(
        '--priority <n>',
        `POSIX: 0 to ${highestPriority}; messages of the highest priority are received first (default: 0)`,
        wholeNumber(0, highestPriority),
      )
      .option('--type <n>', 'System V: type of the messages (default: 1)', messageType(1n, rule))
      .option('--nonblocking', 'fail with EAGAIN when the queue is full, instead of waiting')
      .option('--keep', 'do not wait for a receiver; leave the queue and its messages'),
  demo([texts], { kind, name, key, priority, type, nonblocking, keep }, { events }) {
    const which = whichQueue({ kind, name, key })
    if (which.kind === 'posix') refuse('--type', type, typeNeedsSysv)
    else refuse('--priority', priority, 'The messages of a System V queue have a type: --type 3')
    return queueSend({
      texts: texts.length > 0 ? texts : null,
      which: which.kind === 'posix' ? { ...which, priority: priority ?? 0 } : { ...which, type: type ?? 1n },
      nonblocking: nonblocking ?? false,
      keep: keep ?? false,
      report: events || texts.length > 0,
    })
  },
})
