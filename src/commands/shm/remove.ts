import { shmRemove } from '../../demos/shm/remove.js'
import { defaultKey } from '../../demos/shm/segment.js'
import { UsageError } from '../../errors.js'
import { toolCommand } from '../lib/spec.js'
import { segmentKey, wholeNumber } from '../lib/values.js'

export const spec = toolCommand({
  examples: ['osdemo shm remove', 'osdemo shm remove --key 4711', 'osdemo shm remove --id 3'],
  options: (command) =>
    command
      .option('--key <n>', `key of the segment (default: ${defaultKey})`, segmentKey)
      .option('--id <n>', 'id of the segment, as osdemo shm list prints it', wholeNumber(0, 2 ** 31 - 1)),
  demo(_, { key, id }) {
    if (key !== undefined && id !== undefined) {
      throw new UsageError('--key and --id cannot be used together', 'Use one of them.')
    }
    return shmRemove(id === undefined ? { key: key ?? defaultKey } : { id })
  },
})
