/** Measures two sides alternately in one run, and prints the ratio of each round: absolute times mean little here. */

const rounds = 7

/** One round of one side: does the work, checks its own result, and gives how long it took, in milliseconds. */
export type Side = () => Promise<number> | number

/** Runs both sides in turn, after one round that does not count, and prints how many times as fast the first is. */
export async function compare(what: string, ours: Side, peer: Side): Promise<void> {
  await ours()
  await peer()
  const ratios: number[] = []
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const mine = await ours()
    const theirs = await peer()
    times.push(mine)
    ratios.push(theirs / mine)
  }
  const [low, middle, high] = [Math.min(...ratios), median(ratios), Math.max(...ratios)].map((x) =>
    x.toFixed(2),
  )
  process.stdout.write(
    `${what.padEnd(64)} ${middle!.padStart(7)} x  (${low} to ${high}; ${median(times).toFixed(1)} ms)\n`,
  )
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!
}

/** Times a function in milliseconds. */
export async function timed(work: () => Promise<void> | void): Promise<number> {
  const start = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - start) / 1e6
}
