import { processSwitch } from '../../demos/process/switch.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo process switch', 'osdemo process switch --json'],
  demo: () => processSwitch(),
}
