/** The weight that the scheduler gives to a nice value. */

/**
 * `sched_prio_to_weight` in kernel/sched/core.c of the kernel, for nice -20 to 19. Each weight is about 1.25 times the next. Of two
 * processes, one step moves about 10 % of the CPU from one to the other.
 */
const weights = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121,
  2501, 1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23,
  18, 15,
]

/** @param nice -20 to 19 */
export function weightOf(nice: number): number {
  return weights[nice + 20]! // The list has a weight for each value from -20 to 19.
}

/** The share of one CPU, 0 to 1, of each of several processes that are always ready. */
export function sharesOf(nice: number[]): number[] {
  const sum = nice.reduce((total, one) => total + weightOf(one), 0)
  return nice.map((one) => weightOf(one) / sum)
}
