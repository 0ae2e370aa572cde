import { shmRead } from '../../demos/shm/read.js'
import { defaultKey } from '../../demos/shm/segment.js'
import { toolCommand } from '../lib/spec.js'
import { segmentKey } from '../lib/values.js'

export const spec = toolCommand({
  examples: ['osdemo shm read', 'osdemo shm read --key 4711 --follow'],
  options: (command) =>
    command
      .option('--key <n>', 'key of the segment', segmentKey, defaultKey)
      .option('--follow', 'print each new text until the segment is removed'),
  demo: (_, { key, follow }, { payload }) => shmRead({ key, follow: follow ?? false, print: payload }),
  onStdout: ['received'],
})
