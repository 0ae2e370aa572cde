import { processTree } from '../../demos/process/tree.js'
import { demoCommand } from '../lib/spec.js'
import { processId } from '../lib/values.js'

export const spec = demoCommand({
  examples: ['osdemo process tree', 'osdemo process tree $$', 'osdemo process tree 1 --json'],
  options: (command) => command.argument('[pid]', 'the process (default: osdemo itself)', processId),
  demo: ([pid]) => processTree(pid),
})
