import { pipeCapacity } from '../../demos/pipe/capacity.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo pipe capacity', 'osdemo pipe capacity --json'],
  demo: () => pipeCapacity({ brief: false }),
}
