import { shmRace } from '../../demos/shm/race.js'
import { demoCommand } from '../lib/spec.js'
import { count, requireSum, wholeNumber } from '../lib/values.js'

export const spec = demoCommand({
  examples: ['osdemo shm race', 'osdemo shm race --processes 8 --times 200000'],
  options: (command) =>
    command
      .option('--processes <n>', 'number of counting processes, 2 to 16', wholeNumber(2, 16), 4)
      .option('--times <n>', 'additions per process and round', count, 50_000),
  demo(_, { processes, times }) {
    requireSum(processes, 'processes', times)
    return shmRace({ processes, times })
  },
})
