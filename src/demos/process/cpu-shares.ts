/** The shares of one CPU that busy children receive, and the shares that their weights predict. */
import { sharesOf, weightOf } from '../../proc/nice-weights.js'
import type { Stage } from '../../run/stage.js'
import { zip } from '../shared/lists.js'
import { type Count, inMilliseconds } from './busy-children.js'

/** How far a share may be from the predicted share, as a part of the predicted share. */
const tolerance = 0.15

/**
 * CPU time that the child with the least weight must have received before a wrong share says something about the weights, in
 * milliseconds. At any time a child may be one turn ahead or behind, and a turn ends with a timer tick of up to 10 ms.
 */
const decisive = 20 / tolerance

/**
 * The counts, once all children have received enough CPU time and each share is near the predicted one.
 * Otherwise undefined, so that the caller continues to measure until its patience is over.
 *
 * @param sample CPU time that the child with the least weight must have received, in milliseconds
 */
export function judged(sums: Count[], nice: number[], sample: number): Count[] | undefined {
  const predicted = sharesOf(nice)
  return isOff(sums, predicted) || !isEnough(sums, predicted, sample) ? undefined : sums
}

function isOff(sums: Count[], predicted: number[]): boolean {
  return zip(sums, predicted).some(([sum, share]) => !isNear(shareOf(sum, sums), share))
}

function isEnough(sums: Count[], predicted: number[], sample: number): boolean {
  return total(sums) * Math.min(...predicted) >= sample * 1e6
}

/** The part of the children's CPU time that one child received. */
function shareOf({ run }: Count, sums: Count[]): number {
  return run / total(sums)
}

function isNear(share: number, predicted: number): boolean {
  return Math.abs(share / predicted - 1) <= tolerance
}

/** The CPU time of all children together, in nanoseconds. */
export function total(sums: Count[]): number {
  return sums.reduce((sum, { run }) => sum + run, 0)
}

interface Measured {
  children: { name: string }[]
  nice: number[]
  sums: Count[]
  sample: number
  cpu: number
}

/** Claims the share of each child: together the claims make a table. */
export function showShares(stage: Stage, { children, nice, sums, sample, cpu }: Measured): void {
  const predicted = sharesOf(nice)
  if (!isEnough(sums, predicted, isOff(sums, predicted) ? Math.max(sample, decisive) : sample)) {
    const least = percent(Math.min(...predicted))
    stage.note(
      `Not observed: the shares. A child that is due ${least} of ${inMilliseconds(total(sums))} ran too few times. ` +
        'Use nice values that are closer together, or try again when other programs are idle.',
      'aside',
    )
    return
  }
  const table = `Shares of CPU ${cpu}, and what the weights predict (within ${100 * tolerance} %)`
  for (const [[{ name }, value], [sum, share]] of zip(zip(children, nice), zip(sums, predicted))) {
    const [received, due, weight] = [percent(shareOf(sum, sums)), percent(share), `${weightOf(value)}`]
    stage.claim(
      'scheduler/weights-predict-shares',
      `The weight predicts the share of a CPU: ${name} (nice ${value}) received ${received}, predicted ${due}.`,
      isNear(shareOf(sum, sums), share),
      { table, cells: { child: name, nice: `${value}`, weight, predicted: due, received } },
    )
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`
}
