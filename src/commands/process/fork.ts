import { processFork } from '../../demos/process/fork.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo process fork', 'osdemo process fork --json'],
  demo: () => processFork,
}
