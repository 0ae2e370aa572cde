import { queueReceive } from '../demos/queue-receive.js'
import type { CommandSpec } from './spec.js'

export const spec: CommandSpec = {
  kind: 'tool',
  examples: ['osdemo queue receive', 'osdemo queue receive --json'],
  demo: () => queueReceive,
}
