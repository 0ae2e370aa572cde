import { shmList } from '../../demos/shm/list.js'
import type { CommandSpec } from '../lib/spec.js'

export const spec: CommandSpec = {
  kind: 'tool',
  examples: ['osdemo shm list', 'osdemo shm list --json | jq -r \'select(.event == "evidence").value\''],
  onStdout: ['evidence'],
  demo: (_, __, { payload }) => shmList({ print: payload }),
}
