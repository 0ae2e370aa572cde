import { queueList } from '../../demos/queue/list.js'
import { toolCommand } from '../lib/spec.js'

export const spec = toolCommand({
  examples: [
    'osdemo queue list',
    'osdemo queue list --json | jq -r \'select(.event == "evidence").data.name\'',
  ],
  options: (command) => command,
  onStdout: ['evidence'],
  demo: (_, __, { payload }) => queueList({ print: payload }),
})
