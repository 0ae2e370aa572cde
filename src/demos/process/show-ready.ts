/** Two children compute on one CPU: running, and ready but not running, are the same state R. */
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

/** How long to hold a state so that a viewer can see it, in milliseconds. */
export const beat = 100

/** Both children are in state R, and each learns from its clock when it really had the CPU. */
export async function showReady(
  stage: Stage,
  child: BusyChild,
  rival: BusyChild,
  cpus: number[],
): Promise<void> {
  const cpu = busyCpu(cpus)
  stage.note(`child and rival are to compute without a pause, on CPU ${cpu} alone`)
  const both = [child, rival]
  const { letters, seen, sums } = await stage.holdEvents(async () => {
    const since = now()
    await compute([child], cpu)
    await sleep(beat)
    await compute([rival], cpu)
    const before = countAll(both)
    const letters = await stage.poll(() => bothRunnable(child, rival))
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
      `running ${inMilliseconds(run)}, ready ${inMilliseconds(delay)}`,
      name,
      { data: { runNs: run, delayNs: delay } },
    )
  }
  stage.claim(
    'scheduler/several-are-runnable-on-one-cpu',
    'while two want one CPU, the kernel has both in state R at the same time',
    letters !== undefined,
  )
  if (seen) {
    stage.claim(
      'process/state-r-means-running-or-ready',
      'R means running or ready: each of them was ready for a part of that time, and did not run',
      sums.every(({ delay }) => delay > 0),
    )
  } else {
    stage.note('cannot be seen here: how long each was ready, for others had the CPU all the time', 'aside')
  }
  const wall = Math.max(...sums.map(({ t }) => t)) * 1000
  const ran = sums.reduce((sum, { run }) => sum + run, 0)
  stage.claim(
    'scheduler/one-cpu-runs-one-at-a-time',
    `both together ran for ${inMilliseconds(ran)} of ${inMilliseconds(wall)}: one CPU runs one at a time`,
    ran <= wall + 20e6,
  )
}

/** Whether both are in state R at one moment: the child is read before and after the rival. */
function bothRunnable(child: Actor, rival: Actor): true | undefined {
  const letters = [child, rival, child].map(({ id }) => readStat(id)?.state)
  return letters.every((letter) => letter === 'R') || undefined
}
