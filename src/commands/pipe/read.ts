import { pipeRead } from '../../demos/pipe/read.js'
import { toolCommand } from '../lib/spec.js'
import { count } from '../lib/values.js'

export const spec = toolCommand({
  examples: [
    'osdemo pipe read                      # in one terminal; osdemo pipe write in another',
    'osdemo pipe read --follow             # go on with the next writer',
    'osdemo pipe read --path /tmp/p > copy # any bytes, unharmed',
  ],
  options: (command) =>
    command
      .option('--path <path>', 'the FIFO, made when it is missing (default: one of your own)')
      .option('--follow', 'when the last writer has closed, wait for the next')
      .option('--max <n>', 'end after n messages', count),
  onStdout: ['received'],
  demo: (_, { path, follow, max }, { payload, events }) =>
    pipeRead({ path, follow: follow ?? false, max: max ?? null, copy: payload, report: events }),
})
