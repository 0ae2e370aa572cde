import { processTree } from '../../demos/process/tree.js'
import type { CommandSpec } from '../lib/spec.js'
import { processId } from '../lib/values.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo process tree', 'osdemo process tree $$', 'osdemo process tree 1 --json'],
  configure: (command) => command.argument('[pid]', 'the process; this osdemo when left out', processId),
  demo: ([pid]) => processTree(pid === undefined ? undefined : Number(pid)),
}
