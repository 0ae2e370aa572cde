import { InvalidArgumentError } from '@commander-js/extra-typings'
import { processSchedule } from '../../demos/process/schedule.js'
import { UsageError } from '../../errors.js'
import { demoCommand } from '../lib/spec.js'
import { wholeNumber } from '../lib/values.js'

const most = 16

export const spec = demoCommand({
  examples: [
    'osdemo process schedule',
    'osdemo process schedule --nice 0,0,10',
    'osdemo process schedule --processes 4 --json',
  ],
  options: (command) =>
    command
      .option(
        '--processes <n>',
        `how many busy children, 2 to ${most}; without --nice, all have the same nice value`,
        wholeNumber(2, most),
      )
      .option('--nice <list>', 'the nice value of each child, -20 to 19 (default: 0,5,10)', niceValues),
  demo(_, { processes, nice }) {
    if (nice && processes !== undefined && nice.length !== processes) {
      throw new UsageError(
        `--nice has ${nice.length} values for --processes ${processes}`,
        'Give one value for each child, or leave out one of the two options.',
      )
    }
    return processSchedule({ processes, nice })
  },
})

/** Reads nice values, as in `0,5,10`: one for each of 2 children or more. */
function niceValues(text: string): number[] {
  const values = text.split(',').map((value) => (/^[+-]?\d{1,2}$/.test(value) ? Number(value) : Number.NaN))
  if (values.length >= 2 && values.length <= most && values.every((value) => value >= -20 && value <= 19)) {
    return values
  }
  throw new InvalidArgumentError(`It takes 2 to ${most} numbers from -20 to 19, as in 0,5,10.`)
}
