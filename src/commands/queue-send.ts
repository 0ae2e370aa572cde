import { queueSend } from '../demos/queue-send.js'
import type { CommandSpec } from './spec.js'

export const spec: CommandSpec = {
  kind: 'tool',
  examples: ['osdemo queue send', 'osdemo queue send --json'],
  demo: () => queueSend,
}
