import { shmDemo } from '../../demos/shm/demo.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo shm demo', 'osdemo shm demo --json | jq -r \'select(.event == "claim") | .text\''],
  demo: () => shmDemo,
}
