import { semaphoreRemove } from '../../demos/semaphore/remove.js'
import { toolCommand } from '../lib/spec.js'
import { objectKey } from '../lib/values.js'
import { keyHelp, nameHelp, whichSemaphore } from './which.js'

export const spec = toolCommand({
  examples: ['osdemo semaphore remove', 'osdemo semaphore remove --name /jobs'],
  options: (command) => command.option('--key <n>', keyHelp, objectKey).option('--name <name>', nameHelp),
  demo: (_, options) => semaphoreRemove(whichSemaphore(options)),
})
