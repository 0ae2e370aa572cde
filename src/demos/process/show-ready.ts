/** Two children compute on one CPU: the kernel shows the running one and the ready one in the same state, R. */
import { setTimeout as sleep } from 'node:timers/promises'
import { now } from '../../events.js'
import { readStat } from '../../proc/stat.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { zip } from '../shared/lists.js'
import {
  type BusyChild,
  busyCpu,
  compute,
  countAll,
  countsSince,
  inMilliseconds,
  release,
  report,
} from './busy-children.js'
import { seeState } from './see-state.js'

/** How long each state lasts at least, so that it is visible in the chart of states, in milliseconds. */
export const beat = 100

/** Both children are in state R. Each finds out from gaps in its clock when it was running. */
export async function showReady(
  stage: Stage,
  child: BusyChild,
  other: BusyChild,
  cpus: number[],
): Promise<void> {
  const cpu = busyCpu(cpus)
  stage.note(`The child and the other process compute on CPU ${cpu}, and on no other CPU.`)
  const both = [child, other]
  const { letters, seen, sums } = await stage.holdEvents(async () => {
    const since = now()
    await compute([child], cpu)
    await sleep(beat)
    await compute([other], cpu)
    const before = countAll(both)
    const letters = await stage.poll(() => bothRunnable(child, other))
    const look = () => countsSince(before, both)
    const seen = await stage.poll(() => look().every(({ delay }) => delay > beat * 4e5))
    const sums = look()
    await report(both, since, Number.MAX_SAFE_INTEGER)
    return { letters, seen, sums }
  })
  release(both, cpus)
  for (const one of both) await seeState(stage, one, 'waiting', 'S')
  for (const [{ id, name }, { run, delay }] of zip(both, sums)) {
    stage.evidence(
      `/proc/${id}/schedstat`,
      `running +${inMilliseconds(run)}, ready +${inMilliseconds(delay)}`,
      `the ${name === 'child' ? name : 'other process'}`,
      { data: { runNs: run, delayNs: delay } },
    )
  }
  stage.claim(
    'scheduler/several-are-runnable-on-one-cpu',
    'Several processes can be in state R on one CPU: both children were, at the same time.',
    letters !== undefined,
  )
  if (seen) {
    const [mine = '', its = ''] = sums.map(({ delay }) => inMilliseconds(delay))
    stage.claim(
      'process/state-r-means-running-or-ready',
      `R means running or ready: the child was ready for ${mine}, the other process for ${its}.`,
      sums.every(({ delay }) => delay > 0),
    )
  } else {
    stage.note(
      `Not observed: how long each was ready, because other processes kept CPU ${cpu} busy.`,
      'aside',
    )
  }
  const wall = Math.max(...sums.map(({ t }) => t)) * 1000
  const ran = sums.reduce((sum, { run }) => sum + run, 0)
  stage.claim(
    'scheduler/one-cpu-runs-one-at-a-time',
    `One CPU runs one process at a time: both together ran for ${inMilliseconds(ran)} of ${inMilliseconds(wall)}.`,
    ran <= wall + 20e6,
  )
}

/** Whether both are in state R at one moment. The child is read before and after the other, and must be R both times. */
function bothRunnable(child: Actor, other: Actor): true | undefined {
  const letters = [child, other, child].map(({ id }) => readStat(id)?.state)
  return letters.every((letter) => letter === 'R') || undefined
}
