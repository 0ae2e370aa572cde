/** A process that wakes up stands in the run queue of its CPU before it runs: it is ready, and not yet running. */
import { now } from '../../events.js'
import { blockUntil } from '../../ipc/block-until.js'
import { pin, setPolicy } from '../../ipc/scheduling.js'
import { readSchedstat } from '../../proc/sched.js'
import { readStat } from '../../proc/stat.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import { type BusyChild, inMilliseconds, report } from './busy-children.js'

/** What the kernel counted from the moment at which a process became ready until it ran. */
export interface Queued {
  /** When it became ready, in microseconds of the event clock. */
  at: number
  /** Nanoseconds that it was ready before it ran. With several turns, the time between them is part of it. */
  delay: number
  /** How many times it has run since. On a busy machine osdemo may look late. */
  turns: number
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
    const turns = after ? after.turns - before.turns : 0
    if (after && turns > 0) return { at, delay: after.delay - before.delay, turns, seen }
    // It was ready at the last look, and has not run since.
    seen ||= isReady
    isReady = readStat(id)?.state === 'R'
    return false
  })
}

/** Reports that the child became ready, and how long it stood in the run queue. */
export function sayReady(stage: Stage, { id }: Actor, { at, delay, turns }: Queued): void {
  const source = `/proc/${id}/schedstat`
  stage.say({ event: 'state', child: id, state: 'ready', kernel: 'R', source }, at)
  const value = `ready +${inMilliseconds(delay)}, then running ${counted(turns, 'time')}`
  stage.evidence(source, value, 'from that moment until osdemo looked', {
    data: { readyAt: at, delayNs: delay, turns },
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
  for (let times = 1; queued && !(queued.seen && queued.turns === 1) && times < tries; times++) {
    await report([child], 0, 0)
    queued = await wake()
  }
  if (queued) sayReady(stage, child, queued)
  setPolicy(child.id, 'SCHED_OTHER')
  stage.claim(
    'process/woken-process-is-ready-first',
    `A process that wakes up is ready before it runs: the child was in the run queue for ${timeOf(queued)}.`,
    queued?.seen === true && queued.delay > 0,
  )
  return queued?.at ?? now()
}

/** How long it was ready before it ran, in words. */
export function timeOf(queued: Queued | undefined): string {
  const time = inMilliseconds(queued?.delay ?? 0)
  return queued && queued.turns > 1 ? `at most ${time}` : time
}
