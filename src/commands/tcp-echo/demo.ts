import { echoDemo } from '../../demos/socket/echo-demo.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo tcp-echo demo', 'osdemo tcp-echo demo --json | jq \'select(.event == "evidence")\''],
  demo: () => echoDemo,
}
