import { semaphoreList } from '../../demos/semaphore/list.js'
import { toolCommand } from '../lib/spec.js'

export const spec = toolCommand({
  examples: [
    'osdemo semaphore list',
    'osdemo semaphore list --json | jq -r \'select(.event == "evidence").data.name\'',
  ],
  options: (command) => command,
  onStdout: ['evidence'],
  demo: (_, __, { payload }) => semaphoreList({ print: payload }),
})
