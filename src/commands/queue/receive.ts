import { defaultName } from '../../demos/queue/named-queue.js'
import { queueReceive } from '../../demos/queue/receive.js'
import { toolCommand } from '../lib/spec.js'
import { count } from '../lib/values.js'

export const spec = toolCommand({
  examples: [
    'osdemo queue receive                # other terminal: osdemo queue send hello',
    'osdemo queue receive --max 1',
    'osdemo queue receive --nonblocking  # receive all messages, then exit',
  ],
  options: (command) =>
    command
      .option('--name <name>', 'name of the queue, which is created if it does not exist', defaultName)
      .option('--max <n>', 'exit after n messages', count)
      .option('--nonblocking', 'fail with EAGAIN when the queue is empty, instead of waiting'),
  onStdout: ['received'],
  demo: (_, { name, max, nonblocking }, { payload, events }) =>
    queueReceive({
      name,
      max: max ?? null,
      nonblocking: nonblocking ?? false,
      print: payload,
      report: events,
    }),
})
