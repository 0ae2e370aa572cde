import { shmRead } from '../../demos/shm/read.js'
import { toolCommand } from '../lib/spec.js'
import { objectId, objectKey } from '../lib/values.js'
import { idHelp, keyHelp, nameHelp, whichMemory } from './which.js'

export const spec = toolCommand({
  examples: ['osdemo shm read', 'osdemo shm read --key 0x11170 --follow', 'osdemo shm read --name /osdemo'],
  options: (command) =>
    command
      .option('--key <n>', keyHelp, objectKey)
      .option('--id <n>', idHelp, objectId)
      .option('--name <name>', nameHelp)
      .option('--follow', 'print each new text until the memory is removed'),
  demo: (_, { follow, ...which }, { payload }) =>
    shmRead({ which: whichMemory(which), follow: follow ?? false, print: payload }),
  onStdout: ['received'],
})
