import { processTree } from '../demos/process-tree.js'
import type { CommandSpec } from './spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo process tree', 'osdemo process tree --json'],
  demo: () => processTree,
}
