import { labShow } from '../../demos/lab/list.js'
import { toolCommand } from '../lib/spec.js'

export const spec = toolCommand({
  examples: ['osdemo lab show echo-server', 'osdemo lab show echo-server > sheet.md'],
  options: (command) => command.argument('<name>', 'a lab of `osdemo lab list`'),
  demo: ([name], _, { payload }) => labShow(name, payload),
})
