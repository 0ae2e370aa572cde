import { shmRemove } from '../../demos/shm/remove.js'
import { defaultKey } from '../../demos/shm/segment.js'
import { UsageError } from '../../errors.js'
import { toolCommand } from '../lib/spec.js'
import { segmentKey, wholeNumber } from '../lib/values.js'

export const spec = toolCommand({
  examples: ['osdemo shm remove', 'osdemo shm remove --key 4711', 'osdemo shm remove --id 3'],
  options: (command) =>
    command
      .option('--key <n>', `the key of the segment; ${defaultKey} without it`, segmentKey)
      .option('--id <n>', 'its id, as osdemo shm list shows it', wholeNumber(0, 2 ** 31 - 1)),
  demo(_, { key, id }) {
    if (key !== undefined && id !== undefined) {
      throw new UsageError('--key and --id both name a segment', 'give one of them')
    }
    return shmRemove(id === undefined ? { key: key ?? defaultKey } : { id })
  },
})
