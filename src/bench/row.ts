/** The result of a mechanism for one size in one place, from its rounds. */
import type { Mode, Side } from './round.js'
import { type Spread, spreadOf } from './statistics.js'

export interface Row {
  /** Microseconds: the medians of the round trips of each round, or the times of a message. */
  time: Spread
  p90: number
  p99: number
  /** Messages or round trips of all rounds. */
  count: number
  /** Of both sides, for one message or round trip: the median of the rounds, because a preempted round costs more. */
  cpu: number
  /** The mean of all. `calls` is undefined where nothing counts them. */
  calls: number | undefined
  voluntary: number
  involuntary: number
  histogram: number[]
  /** The same in C. */
  inC: Spread | undefined
}

/** @param inC the times of the same rounds in C */
export function rowOf(
  mode: Mode,
  rounds: readonly { count: number; first: Side; second: Side }[],
  inC: readonly number[] = [],
): Row {
  const count = rounds.reduce((sum, round) => sum + round.count, 0)
  const each = (of: 'calls' | 'voluntary' | 'involuntary') =>
    rounds.reduce((sum, { first, second }) => sum + first[of] + second[of], 0) / count
  const times = rounds.map(({ count, first }) => (mode === 'latency' ? first.p50 : first.elapsed / count))
  const isCounted = rounds.every(({ first, second }) => first.calls >= 0 && second.calls >= 0)
  return {
    time: spreadOf(times),
    p90: spreadOf(rounds.map(({ first }) => first.p90)).median,
    p99: spreadOf(rounds.map(({ first }) => first.p99)).median,
    count,
    cpu: spreadOf(rounds.map(({ count, first, second }) => (first.cpu + second.cpu) / count)).median,
    calls: isCounted ? each('calls') : undefined,
    voluntary: each('voluntary'),
    involuntary: each('involuntary'),
    inC: inC.length > 0 ? spreadOf(inC) : undefined,
    histogram: rounds.reduce<number[]>(
      (sum, { first }) => first.histogram.map((number, at) => number + (sum[at] ?? 0)),
      [],
    ),
  }
}

/** What a context switch costs, and what copies of several sizes cost, in microseconds. */
export interface Costs {
  /** Half a round trip through a pipe on one CPU, less its calls. Undefined where that was not measured. */
  switch: number | undefined
  /** A write(2) and a read(2) of so many bytes without a switch. In ascending order of the sizes. */
  alone: readonly { size: number; alone: number }[]
}

/** The time of the calls without a switch, between two sizes as on a straight line. */
export function aloneAt({ alone }: Pick<Costs, 'alone'>, size: number): number | undefined {
  const at = alone.findIndex((each) => each.size >= size)
  const [before, after] = [alone[Math.max(0, at - 1)], alone[at]]
  if (!before || !after) return undefined
  if (after.size === before.size) return after.alone
  return before.alone + ((after.alone - before.alone) * (size - before.size)) / (after.size - before.size)
}

/** The two sizes between which copying a message begins to cost more than a context switch. */
export function crossover({ switch: cost, alone }: Costs): [below: number, above: number] | undefined {
  const [least] = alone
  if (cost === undefined || !least) return undefined
  const at = alone.findIndex((each) => each.alone - least.alone > cost)
  const [below, above] = [alone[at - 1], alone[at]]
  return below && above && [below.size, above.size]
}
