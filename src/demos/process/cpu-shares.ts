/** The shares of one CPU that busy children get, and the shares that their weights predict. */
import { sharesOf } from '../../proc/nice-weights.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { zip } from '../shared/lists.js'
import { type Count, inMilliseconds } from './busy-children.js'

/** How far a share may be from the predicted one, as a part of the predicted one. */
const tolerance = 0.15

/**
 * The counts, once all children have got enough CPU time and each share is near the predicted one.
 * Otherwise undefined: the caller then measures on until its patience is over.
 *
 * @param sample milliseconds of the CPU that the child with the least weight is to get
 */
export function judged(sums: Count[], nice: number[], sample: number): Count[] | undefined {
  const predicted = sharesOf(nice)
  const off = zip(sums, predicted).some(([sum, share]) => !isNear(shareOf(sum, sums), share))
  return off || !isEnough(sums, predicted, sample) ? undefined : sums
}

function isEnough(sums: Count[], predicted: number[], sample: number): boolean {
  return total(sums) * Math.min(...predicted) >= sample * 1e6
}

/** The part of all CPU time that a child has got. */
function shareOf({ run }: Count, sums: Count[]): number {
  return run / total(sums)
}

function isNear(share: number, predicted: number): boolean {
  return Math.abs(share / predicted - 1) <= tolerance
}

/** CPU time of all children together, in nanoseconds. */
export function total(sums: Count[]): number {
  return sums.reduce((sum, { run }) => sum + run, 0)
}

export function showShares(
  stage: Stage,
  children: Actor[],
  nice: number[],
  sums: Count[],
  sample: number,
): void {
  const predicted = sharesOf(nice)
  if (!isEnough(sums, predicted, sample)) {
    const least = inMilliseconds(total(sums) * Math.min(...predicted))
    stage.note(
      `too little to judge the shares by: a child that is due ${percent(Math.min(...predicted))} of ` +
        `${inMilliseconds(total(sums))} gets some ${least}, a few turns; take values that are closer, or a calmer moment`,
      'aside',
    )
    return
  }
  for (const [[{ name }, value], [sum, share]] of zip(zip(children, nice), zip(sums, predicted))) {
    const got = shareOf(sum, sums)
    stage.claim(
      'scheduler/weights-predict-shares',
      `${name} (nice ${value}) got ${percent(got)} of what all got; its weight predicts ` +
        `${percent(share)}, which is within ${100 * tolerance} %`,
      isNear(got, share),
    )
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`
}
