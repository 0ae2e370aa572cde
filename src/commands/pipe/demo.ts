import { pipeDemo } from '../../demos/pipe/demo.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo pipe demo', 'osdemo pipe demo --json | jq -r \'select(.event == "claim") | .text\''],
  demo: () => pipeDemo,
}
