import { pipeAtomic } from '../../demos/pipe/atomic.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo pipe atomic', 'osdemo pipe atomic --json'],
  demo: () => pipeAtomic({ burst: 2 ** 18 }),
}
