import { queueMatrix } from '../../demos/queue/matrix.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo queue matrix', 'osdemo queue matrix --json'],
  demo: () => queueMatrix({ capacity: 4, messages: 6, pause: 15 }),
}
