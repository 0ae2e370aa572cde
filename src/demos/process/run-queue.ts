/** A process that wakes up stands in the run queue of its CPU before it runs: it is ready, and not yet running. */
import { now } from '../../events.js'
import { blockUntil } from '../../ipc/block-until.js'
import { pin, setPolicy } from '../../ipc/scheduling.js'
import { readSchedstat } from '../../proc/sched.js'
import { readStat } from '../../proc/stat.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { type BusyChild, inMilliseconds, report } from './busy-children.js'

/** What the kernel counted from the moment at which a process became ready until it ran. */
export interface Queued {
  /** When it became ready, in microseconds of the event clock. */
  at: number
  /** Nanoseconds that it was ready before it ran. */
  delay: number
  /** Whether it was seen in state R before it ran. */
  seen: boolean
}

/**
 * Makes a process ready on a CPU where another one computes, and blocks until it runs, for at most a second. The process is in
 * SCHED_BATCH, so it does not preempt the other one.
 *
 * @returns undefined when it does not run, or has exited
 */
export function seeQueued({ id }: Actor, cpu: number, wake: () => void): Queued | undefined {
  pin(id, [cpu])
  setPolicy(id, 'SCHED_BATCH')
  const before = readSchedstat(id)
  if (!before) return undefined
  const at = now()
  wake()
  let [isReady, seen] = [false, false]
  return blockUntil(() => {
    const after = readSchedstat(id)
    if (after && after.turns > before.turns) return { at, delay: after.delay - before.delay, seen }
    // It was ready at the last look, and has not run since.
    seen ||= isReady
    isReady = readStat(id)?.state === 'R'
    return false
  })
}

/** Reports that the child became ready, and how long it stood in the run queue. */
export function sayReady(stage: Stage, { id }: Actor, { at, delay }: Queued): void {
  const source = `/proc/${id}/schedstat`
  stage.say({ event: 'state', child: id, state: 'ready', kernel: 'R', source }, at)
  stage.evidence(source, `ready +${inMilliseconds(delay)}`, 'in the run queue, before it ran', {
    data: { readyAt: at, delayNs: delay },
  })
}

/** How many times the child is woken at most. Now and then a wake-up comes just when the other process has to give up the CPU. */
const tries = 10

/**
 * Wakes the waiting child with the command to compute, while another process computes on its CPU.
 *
 * @returns when the child became ready, in microseconds of the event clock
 */
export async function showWakeUp(stage: Stage, child: BusyChild, cpu: number): Promise<number> {
  const wake = async () => {
    await stage.poll(() => readStat(child.id)?.state === 'S')
    const sent = now()
    const queued = seeQueued(child, cpu, () => child.tell('compute'))
    await child.until('call', ({ phase, t }) => phase === 'begin' && t >= sent)
    return queued
  }
  let queued = await wake()
  for (let times = 1; !queued?.seen && times < tries; times++) {
    await report([child], 0, 0)
    queued = await wake()
  }
  if (queued) sayReady(stage, child, queued)
  setPolicy(child.id, 'SCHED_OTHER')
  stage.claim(
    'process/woken-process-is-ready-first',
    `A process that wakes up is ready before it runs: the child was in the run queue for ${inMilliseconds(queued?.delay ?? 0)}.`,
    queued?.seen === true && queued.delay > 0,
  )
  return queued?.at ?? now()
}
