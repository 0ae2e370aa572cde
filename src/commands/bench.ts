import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { bench, mechanismNames } from '../demos/bench/index.js'
import { reportCommand } from './lib/spec.js'
import { count, duration, size } from './lib/values.js'

const sizeOf = size(1, 2 ** 20)

const usualSizes = '64,4KiB,64KiB,1MiB'

export const spec = reportCommand({
  examples: [
    'osdemo bench',
    'osdemo bench pipe tcp --size 64,64KiB',
    'osdemo bench --cpus same --rounds 9 --duration 100ms',
    'osdemo bench --against c',
    'osdemo bench --save bench.html --save bench.csv',
  ],
  options: (command) =>
    command
      .argument('[mechanism...]', `one or more of these: ${mechanismNames.join(', ')}`, mechanism)
      .addOption(
        new Option('--size <list>', 'bytes of a message, such as 64,4KiB')
          .argParser(sizes)
          .default(sizes(usualSizes), usualSizes),
      )
      .addOption(
        new Option('--mode <mode>', 'round trips, or one direction')
          .choices(['latency', 'throughput'] as const)
          .default('latency' as const),
      )
      .addOption(
        new Option(
          '--cpus <where>',
          'both sides on one CPU, on two, or not pinned; by default same and two',
        ).choices(['same', 'two', 'any'] as const),
      )
      .option('--rounds <number>', 'rounds of each mechanism', count, 5)
      .addOption(
        new Option('--duration <time>', 'how long a round takes')
          .argParser(duration)
          .default(duration('25ms'), '25ms'),
      )
      .addOption(new Option('--against <language>', 'measure the same in C too').choices(['c'] as const)),
  demo: ([names], { size, mode, cpus, rounds, duration, against, quiet, json, view }) => {
    const isShown = process.stderr.isTTY && !quiet && !json && view === undefined
    return bench({
      names,
      sizes: size,
      mode,
      cpus,
      rounds,
      duration: duration.milliseconds,
      against: against === 'c',
      onProgress: isShown ? showProgress : () => {},
    })
  },
})

/** Rewrites one line of the terminal, and erases it at the end. */
function showProgress(done: number, left: number): void {
  const text = done < 1 ? `${Math.round(done * 100)} % measured, ${Math.ceil(left)} s left` : ''
  process.stderr.write(`\r\x1b[K${text}`)
}

function mechanism(name: string, earlier: string[] = []): string[] {
  if (mechanismNames.includes(name)) return [...earlier, name]
  throw new InvalidArgumentError(`It takes one or more of these: ${mechanismNames.join(', ')}.`)
}

function sizes(text: string): number[] {
  return [...new Set(text.split(',').map(sizeOf))].sort((one, other) => one - other)
}
