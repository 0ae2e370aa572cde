import { semaphoreWait } from '../../demos/semaphore/wait.js'
import { toolCommand } from '../lib/spec.js'
import { objectKey } from '../lib/values.js'
import { keyHelp, nameHelp, semaphoreValue, valueHelp, whichSemaphore } from './which.js'

export const spec = toolCommand({
  examples: [
    'osdemo semaphore wait              # other terminal: osdemo semaphore post',
    'osdemo semaphore wait --value 2    # a new one has the value 2',
    'osdemo semaphore wait --name /jobs # a POSIX semaphore',
    'osdemo semaphore wait --nonblocking',
  ],
  options: (command) =>
    command
      .option('--key <n>', keyHelp, objectKey)
      .option('--name <name>', nameHelp)
      .option('--value <n>', valueHelp, semaphoreValue)
      .option('--nonblocking', 'fail with EAGAIN when the value is 0, instead of waiting'),
  demo: (_, { nonblocking, ...options }) =>
    semaphoreWait({
      choice: whichSemaphore(options),
      value: options.value,
      nonblocking: nonblocking ?? false,
    }),
})
