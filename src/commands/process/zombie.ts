import { processZombie } from '../../demos/process/zombie.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo process zombie', 'osdemo process zombie --json'],
  demo: () => processZombie(),
}
