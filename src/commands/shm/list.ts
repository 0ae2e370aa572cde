import { shmList } from '../../demos/shm/list.js'
import { toolCommand } from '../lib/spec.js'

export const spec = toolCommand({
  examples: ['osdemo shm list', 'osdemo shm list --json | jq -r \'select(.event == "evidence").value\''],
  options: (command) => command,
  onStdout: ['evidence'],
  demo: (_, __, { payload }) => shmList({ print: payload }),
})
