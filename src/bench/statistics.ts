/** Quantiles, and the ranks of what was measured several times. */

/** A quantile of numbers in ascending order; 0 where there are none. */
export function quantile(sorted: ArrayLike<number>, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

/** What several rounds have measured. */
export interface Spread {
  median: number
  /** The least and the most; of five rounds or more without the least and the most of all. */
  low: number
  high: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other)
  const cut = sorted.length >= 5 ? 1 : 0
  return {
    median: quantile(sorted, 0.5),
    low: sorted[cut] ?? 0,
    high: sorted[sorted.length - 1 - cut] ?? 0,
  }
}

/** Half the distance between low and high, as a part of the median. */
export function noiseOf({ median, low, high }: Spread): number {
  return median > 0 ? (high - low) / 2 / median : 0
}

/**
 * The rank of each of these, of which the smallest median has rank 1. Where the rounds of two overlap, the two cannot be told apart
 * and share a rank.
 *
 * @param spreads in ascending order of their medians
 */
export function ranksOf(spreads: readonly Spread[]): number[] {
  let rank = 1
  let high = Number.POSITIVE_INFINITY
  return spreads.map((each, at) => {
    if (at > 0 && each.low > high) rank = at + 1
    high = rank === at + 1 ? each.high : Math.max(high, each.high)
    return rank
  })
}
