import { processStates } from '../../demos/process/states.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo process states', 'osdemo process states --json'],
  demo: () => processStates,
}
