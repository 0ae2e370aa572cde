import { queueRemove } from '../../demos/queue/remove.js'
import { toolCommand } from '../lib/spec.js'
import { addWhich, whichQueue } from './which.js'

export const spec = toolCommand({
  examples: [
    'osdemo queue remove',
    'osdemo queue remove --name /jobs',
    'osdemo queue remove --kind sysv --key 4711',
  ],
  options: (command) => addWhich(command),
  demo: (_, options) => queueRemove(whichQueue(options)),
})
