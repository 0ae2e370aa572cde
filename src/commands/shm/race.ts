import { shmRace } from '../../demos/shm/race.js'
import type { CommandSpec } from '../lib/spec.js'
import { count, requireSum, wholeNumber } from '../lib/values.js'

export const spec: CommandSpec = {
  kind: 'demo',
  examples: ['osdemo shm race', 'osdemo shm race --processes 8 --times 200000'],
  configure: (command) =>
    command
      .option('--processes <n>', 'processes that count, 2 to 16', wholeNumber(2, 16), 4)
      .option('--times <n>', 'how often each adds 1 in each way', count, 50_000),
  demo(_, { processes, times }) {
    requireSum(processes, 'processes', times)
    return shmRace({ processes, times })
  },
}
