import { processLayout } from '../demos/process-layout.js'
import type { CommandSpec } from './spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo process layout', 'osdemo process layout --json'],
  demo: () => processLayout,
}
