import { semaphorePost } from '../../demos/semaphore/post.js'
import { toolCommand } from '../lib/spec.js'
import { objectKey } from '../lib/values.js'
import { keyHelp, nameHelp, semaphoreValue, valueHelp, whichSemaphore } from './which.js'

export const spec = toolCommand({
  examples: ['osdemo semaphore post', 'osdemo semaphore post --name /jobs'],
  options: (command) =>
    command
      .option('--key <n>', keyHelp, objectKey)
      .option('--name <name>', nameHelp)
      .option('--value <n>', valueHelp, semaphoreValue),
  demo: (_, options) => semaphorePost({ choice: whichSemaphore(options), value: options.value }),
})
