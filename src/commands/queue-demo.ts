import { queueDemo } from '../demos/queue-demo.js'
import type { CommandSpec } from './spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo queue demo', 'osdemo queue demo --json'],
  demo: () => queueDemo,
}
