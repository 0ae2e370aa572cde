import { pipeRead } from '../../demos/pipe/read.js'
import { toolCommand } from '../lib/spec.js'
import { count, filePath } from '../lib/values.js'

export const spec = toolCommand({
  examples: [
    'osdemo pipe read                      # in another terminal: osdemo pipe write',
    'osdemo pipe read --follow             # then wait for the next writer',
    'osdemo pipe read --path /tmp/p > copy # any bytes, unchanged',
  ],
  options: (command) =>
    command
      .option('--path <path>', 'path of the FIFO; made if missing (default: one of your own)', filePath)
      .option('--follow', 'wait for the next writer after the last one has closed')
      .option('--max <n>', 'stop after n messages', count),
  onStdout: ['received'],
  demo: (_, { path, follow, max }, { payload, events }) =>
    pipeRead({ path, follow: follow ?? false, max: max ?? null, copy: payload, report: events }),
})
