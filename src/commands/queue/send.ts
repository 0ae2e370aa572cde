import { defaultName } from '../../demos/queue/named-queue.js'
import { highestPriority, queueSend } from '../../demos/queue/send.js'
import { toolCommand } from '../lib/spec.js'
import { wholeNumber } from '../lib/values.js'

export const spec = toolCommand({
  examples: [
    'osdemo queue send hello               # in one terminal; osdemo queue receive in another',
    'osdemo queue send --priority 9 urgent',
    'osdemo queue send --keep one two      # they stay in the kernel',
    'osdemo queue send < file              # each line is a message',
  ],
  options: (command) =>
    command
      .argument('[text...]', 'each is a message; without one, each line of stdin')
      .option('--name <name>', 'the queue, made when it is missing', defaultName)
      .option(
        '--priority <n>',
        `0 to ${highestPriority}: the highest comes out first`,
        wholeNumber(0, highestPriority),
        0,
      )
      .option('--nonblocking', 'when the queue is full, fail with EAGAIN instead of waiting')
      .option('--keep', 'end at once, and leave the queue with its messages'),
  demo: ([texts], { name, priority, nonblocking, keep }, { events }) =>
    queueSend({
      texts: texts.length > 0 ? texts : null,
      name,
      report: events || texts.length > 0,
      priority,
      nonblocking: nonblocking ?? false,
      keep: keep ?? false,
    }),
})
