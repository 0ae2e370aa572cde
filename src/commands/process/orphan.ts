import { processOrphan } from '../../demos/process/orphan.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo process orphan', 'osdemo process orphan --json'],
  demo: () => processOrphan(),
}
