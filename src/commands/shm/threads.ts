import { shmThreads } from '../../demos/shm/threads.js'
import { demoCommand } from '../lib/spec.js'
import { count, requireSum, wholeNumber } from '../lib/values.js'

export const spec = demoCommand({
  examples: ['osdemo shm', 'osdemo shm threads --workers 8 --times 1000000', 'osdemo shm --messages 100000'],
  options: (command) =>
    command
      .option('--workers <n>', 'number of counting threads, 2 to 16', wholeNumber(2, 16), 4)
      .option('--times <n>', 'additions per thread and round', count, 250_000)
      .option('--messages <n>', 'number of messages through the ring buffer', count, 10),
  demo(_, { workers, times, messages }) {
    requireSum(workers, 'workers', times)
    return shmThreads({ workers, times, messages })
  },
})
