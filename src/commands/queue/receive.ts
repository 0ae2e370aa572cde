import { defaultName } from '../../demos/queue/named-queue.js'
import { queueReceive } from '../../demos/queue/receive.js'
import { toolCommand } from '../lib/spec.js'
import { count } from '../lib/values.js'

export const spec = toolCommand({
  examples: [
    'osdemo queue receive                  # in one terminal; osdemo queue send hello in another',
    'osdemo queue receive --max 1',
    'osdemo queue receive --nonblocking    # what is there now',
  ],
  options: (command) =>
    command
      .option('--name <name>', 'the queue, made when it is missing', defaultName)
      .option('--max <n>', 'end after n messages', count)
      .option('--nonblocking', 'when the queue is empty, do not wait: EAGAIN'),
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
