import { shmRead } from '../../demos/shm/read.js'
import { toolCommand } from '../lib/spec.js'
import { objectId, objectKey } from '../lib/values.js'
import { idHelp, keyHelp, whichSegment } from './which.js'

export const spec = toolCommand({
  examples: ['osdemo shm read', 'osdemo shm read --key 0x11170 --follow', 'osdemo shm read --id 3'],
  options: (command) =>
    command
      .option('--key <n>', keyHelp, objectKey)
      .option('--id <n>', idHelp, objectId)
      .option('--follow', 'print each new text until the segment is removed'),
  demo: (_, { follow, ...which }, { payload }) =>
    shmRead({ which: whichSegment(which), follow: follow ?? false, print: payload }),
  onStdout: ['received'],
})
