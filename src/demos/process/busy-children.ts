/** Children that compute without a pause, on one CPU: what the demos of states, scheduling and switches share. */
import type { BusyConfig, BusyWord } from '../../actors/busy.js'
import { DemoFailed, Unavailable } from '../../errors.js'
import { now } from '../../events.js'
import { pin, requirePinning } from '../../ipc/scheduling.js'
import { allowedCpus, readPolicy, readSchedstat, type SchedStat } from '../../proc/sched.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { zip } from '../shared/lists.js'
import { requireProc } from '../shared/require-proc.js'

/** The finest that a busy child sees, in microseconds: it was off the CPU when the clock jumped by more. */
export const gap = 20

/**
 * @returns the CPUs that we may use, lowest number first
 * @throws Unavailable where a child cannot be kept on a CPU, or the kernel does not count what these demos show
 */
export function requireScheduler(demo: string): number[] {
  requireProc(demo)
  requirePinning()
  const cpus = allowedCpus(process.pid)
  if (!readSchedstat(process.pid) || cpus.length === 0) {
    throw new Unavailable(
      `${demo} takes its evidence from /proc/PID/schedstat, and there is none here`,
      'use a kernel with CONFIG_SCHED_INFO, and mount /proc',
    )
  }
  const policy = readPolicy(process.pid)
  if (policy !== 'SCHED_OTHER' && policy !== 'SCHED_BATCH') {
    throw new Unavailable(
      `this process runs under ${policy}, where others do not get their share`,
      `start it under the usual policy: chrt --other 0 osdemo ${demo}`,
    )
  }
  return cpus
}

/** The CPU on which busy children compute: the last one in the list of `requireScheduler`. */
export function busyCpu(cpus: number[]): number {
  // requireScheduler throws when the list is empty.
  return cpus.at(-1)!
}

export type BusyChild = ActorOf<'busy'>

/** Starts busy children; they wait for a word. */
export async function startBusy<const Names extends readonly string[]>(
  stage: Stage,
  names: Names,
): Promise<{ [Name in keyof Names]: BusyChild }> {
  const config: BusyConfig = { gap }
  const children = await Promise.all(names.map((name) => stage.start({ program: 'busy', name, config })))
  // Promise.all returns one child for each name, in the order of the names.
  return children as { [Name in keyof Names]: BusyChild }
}

/** Has children compute, and keeps them on one CPU once they do. */
export async function compute(children: BusyChild[], cpu: number): Promise<void> {
  await Promise.all(children.map((child) => tellAndWait(child, 'compute', 'begin')))
  for (const { id } of children) pin(id, [cpu])
}

/** Ends the computing of children, and waits until they have told what they saw from one time to another. */
export async function report(children: BusyChild[], since: number, until: number): Promise<void> {
  await Promise.all(children.map((child) => tellAndWait(child, `report ${since} ${until}`, 'end')))
}

/** Lets children run wherever osdemo may: on a CPU that many want they would take long to end. */
export function release(children: Actor[], cpus: number[]): void {
  for (const { id } of children) pin(id, cpus)
}

/** Tells a child a word, and waits until the call that it makes of it begins or ends. */
export async function tellAndWait(child: BusyChild, word: BusyWord, phase: 'begin' | 'end'): Promise<void> {
  const sent = now()
  child.tell(word)
  await child.until('call', (event) => event.phase === phase && event.t >= sent)
}

/** What the kernel has counted for a child until the moment `t`, in microseconds of the clock. */
export interface Count extends SchedStat {
  t: number
}

/** What the kernel has counted for a child until now. @throws DemoFailed when the child has exited */
export function countOf({ id, name }: Actor): Count {
  const count = readSchedstat(id)
  if (!count) throw new DemoFailed(`the ${name} (pid ${id}) is gone`, { hint: 'run it again' })
  return { ...count, t: now() }
}

/** Reads the counts of all children at nearly the same moment: tries again when it took over 1 ms. */
export function countAll(children: Actor[]): Count[] {
  let best: Count[] = []
  for (let tries = 0, least = Number.POSITIVE_INFINITY; tries < 20 && least > 1000; tries++) {
    const counts = children.map(countOf)
    const times = counts.map(({ t }) => t)
    const time = Math.max(...times) - Math.min(...times)
    if (time < least) [best, least] = [counts, time]
  }
  return best
}

/** What was counted from one moment to another. */
export function between(before: Count, after: Count): Count {
  return {
    t: after.t - before.t,
    run: after.run - before.run,
    delay: after.delay - before.delay,
    turns: after.turns - before.turns,
  }
}

/** What was counted for each child since `before`, which has a count for each of them in the same order. */
export function countsSince(before: Count[], children: Actor[]): Count[] {
  return zip(before, countAll(children)).map(([one, other]) => between(one, other))
}

/** Nanoseconds, as people say them. */
export function inMilliseconds(nanoseconds: number): string {
  const milliseconds = nanoseconds / 1e6
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`
}

/** Ends children that wait for a word. */
export async function dismiss(children: BusyChild[]): Promise<void> {
  for (const child of children) child.tell('end')
  await Promise.all(children.map(({ ended }) => ended))
}
