import { defaultName } from '../../demos/queue/named-queue.js'
import { highestPriority, queueSend } from '../../demos/queue/send.js'
import { toolCommand } from '../lib/spec.js'
import { wholeNumber } from '../lib/values.js'

export const spec = toolCommand({
  examples: [
    'osdemo queue send hello          # in another terminal: osdemo queue receive',
    'osdemo queue send --priority 9 urgent',
    'osdemo queue send --keep one two # the messages stay in the kernel',
    'osdemo queue send < file         # each line is a message',
  ],
  options: (command) =>
    command
      .argument('[text...]', 'messages to send; without any, each line of stdin is a message')
      .option('--name <name>', 'name of the queue, which is created if it does not exist', defaultName)
      .option(
        '--priority <n>',
        `0 to ${highestPriority}; messages of the highest priority are received first`,
        wholeNumber(0, highestPriority),
        0,
      )
      .option('--nonblocking', 'fail with EAGAIN when the queue is full, instead of waiting')
      .option('--keep', 'do not wait for a receiver; leave the queue and its messages'),
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
