import { shmRemove } from '../../demos/shm/remove.js'
import { toolCommand } from '../lib/spec.js'
import { objectId, objectKey } from '../lib/values.js'
import { idHelp, keyHelp, nameHelp, whichMemory } from './which.js'

export const spec = toolCommand({
  examples: ['osdemo shm remove', 'osdemo shm remove --key 0x11170', 'osdemo shm remove --name /osdemo'],
  options: (command) =>
    command
      .option('--key <n>', keyHelp, objectKey)
      .option('--id <n>', idHelp, objectId)
      .option('--name <name>', nameHelp),
  demo: (_, options) => shmRemove(whichMemory(options)),
})
