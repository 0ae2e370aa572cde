/** A child wakes up, and then two compute on one CPU: the kernel shows the running one and the ready one in the same state, R. */
import { allowedCpus } from '../../proc/sched.js'
import { readStat } from '../../proc/stat.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { zip } from '../shared/lists.js'
import {
  type BusyChild,
  busyCpu,
  type Count,
  countAll,
  countsSince,
  inMilliseconds,
  release,
  report,
} from './busy-children.js'
import { showWakeUp } from './run-queue.js'
import { seeState } from './see-state.js'

/** How long each state lasts at least, so that it is visible in the chart of states, in milliseconds. */
export const beat = 100

/** Wakes the child while the other process computes. Then both are in state R. Each finds out from gaps in its clock when it was running. */
export async function showReady(
  stage: Stage,
  child: BusyChild,
  other: BusyChild,
  cpus: number[],
): Promise<void> {
  const cpu = busyCpu(cpus)
  stage.note(
    `osdemo wakes the child: now both compute on CPU ${cpu}, and on no other CPU. ` +
      'The child has the policy SCHED_BATCH, so it does not preempt the other process when it wakes up.',
  )
  const both = [child, other]
  const { runnable, sums } = await stage.holdEvents(async () => {
    const since = await showWakeUp(stage, child, cpu)
    const before = countAll(both)
    const runnable = await stage.poll(() => bothRunnable(child, other, cpu))
    const look = () => countsSince(before, both)
    await stage.poll(() => look().every(isEnough))
    const sums = look()
    await report(both, since, Number.MAX_SAFE_INTEGER)
    return { runnable, sums }
  })
  release(both, cpus)
  for (const one of both) await seeState(stage, one, 'waiting', 'S')
  for (const [{ id, name }, { run, delay }] of zip(both, sums)) {
    stage.evidence(
      `/proc/${id}/schedstat`,
      `running +${inMilliseconds(run)}, ready +${inMilliseconds(delay)}`,
      `the ${name === 'child' ? name : 'other process'}; its ready time counts once it runs`,
      { data: { runNs: run, delayNs: delay } },
    )
  }
  stage.claim(
    'scheduler/several-are-runnable-on-one-cpu',
    'Several processes can be in state R on one CPU: both children were, at the same time.',
    runnable === true,
  )
  if (runnable && sums.some(({ run }) => run === 0)) {
    stage.note(
      `Not observed: how long each was ready, because other processes kept CPU ${cpu} busy.`,
      'aside',
    )
  } else {
    const [mine = '', its = ''] = sums.map(({ delay }) => inMilliseconds(delay))
    stage.claim(
      'process/state-r-means-running-or-ready',
      `R means running or ready: the child was ready for ${mine}, the other process for ${its}.`,
      sums.every(isEnough),
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

/** Whether a child was running, and ready so long that it is visible in the chart of states. */
function isEnough({ run, delay }: Count): boolean {
  return run > 0 && delay > beat * 4e5
}

/**
 * Whether both are in state R at one moment, with one CPU to run on. The child is read before and after the other, and must be R
 * both times.
 */
function bothRunnable(child: Actor, other: Actor, cpu: number): boolean {
  return [child, other, child].every(({ id }) => {
    const cpus = allowedCpus(id)
    return readStat(id)?.state === 'R' && cpus.length === 1 && cpus[0] === cpu
  })
}
