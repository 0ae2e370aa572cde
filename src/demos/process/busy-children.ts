/** Children that compute in a loop on one CPU, for the demos of states, scheduling and context switches. */
import type { BusyConfig, BusyWord } from '../../actors/busy.js'
import { DemoFailed, Unavailable } from '../../errors.js'
import { now } from '../../events.js'
import { pin, requirePinning } from '../../ipc/scheduling.js'
import { allowedCpus, readPolicy, readSchedstat, type SchedStat } from '../../proc/sched.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { zip } from '../shared/lists.js'
import { requireProc } from '../shared/require-proc.js'

/** In microseconds. A busy child that sees its clock jump by more was not on the CPU. It cannot see shorter interruptions. */
export const gap = 20

/**
 * @returns the CPUs that osdemo may use, lowest number first
 * @throws Unavailable where a child cannot be pinned to a CPU, or the kernel does not count what these demos show
 */
export function requireScheduler(demo: string): number[] {
  requireProc(demo)
  requirePinning()
  const cpus = allowedCpus(process.pid)
  if (!readSchedstat(process.pid) || cpus.length === 0) {
    throw new Unavailable(
      `this kernel has no /proc/PID/schedstat, which ${demo} needs`,
      'Use a kernel that was built with CONFIG_SCHED_INFO, and mount /proc.',
    )
  }
  const policy = readPolicy(process.pid)
  if (policy !== 'SCHED_OTHER' && policy !== 'SCHED_BATCH') {
    throw new Unavailable(
      `the scheduling policy of osdemo is ${policy}, which ignores nice values`,
      `Start it under the usual policy: chrt --other 0 osdemo ${demo}`,
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

/** Starts busy children. Each waits for its first command. @param stopsFirst as in ActorSpec */
export async function startBusy<const Names extends readonly string[]>(
  stage: Stage,
  names: Names,
  stopsFirst = false,
): Promise<{ [Name in keyof Names]: BusyChild }> {
  const config: BusyConfig = { gap }
  const children = await Promise.all(
    names.map((name) => stage.start({ program: 'busy', name, config, stopsFirst })),
  )
  // Promise.all returns one child for each name, in the order of the names.
  return children as { [Name in keyof Names]: BusyChild }
}

/** Lets children compute, and pins them to one CPU once all of them do: before that, a pinned child would start late. */
export async function compute(children: BusyChild[], cpu: number): Promise<void> {
  await Promise.all(children.map((child) => tellAndWait(child, 'compute', 'begin')))
  for (const { id } of children) pin(id, [cpu])
}

/** Ends the computing, and waits until each child has reported when it was running between the two times. */
export async function report(children: BusyChild[], since: number, until: number): Promise<void> {
  await Promise.all(children.map((child) => tellAndWait(child, `report ${since} ${until}`, 'end')))
}

/** Lets children run on every CPU again: on one busy CPU they would take long to exit. */
export function release(children: Actor[], cpus: number[]): void {
  for (const { id } of children) pin(id, cpus)
}

/** Sends a child a command, and waits until the call that the child reports for it begins or ends. */
export async function tellAndWait(child: BusyChild, word: BusyWord, phase: 'begin' | 'end'): Promise<void> {
  const sent = now()
  child.tell(word)
  await child.until('call', (event) => event.phase === phase && event.t >= sent)
}

/** The error for a process that the demo still needs. */
export function hasExited({ id, name }: Pick<Actor, 'id' | 'name'>): DemoFailed {
  return new DemoFailed(`the ${name} (pid ${id}) has exited`, { hint: 'Run the demo again.' })
}

/** The kernel's counts for a child at the moment `t`, in microseconds of the event clock. */
export interface Count extends SchedStat {
  t: number
}

/** The kernel's counts for a child now. @throws DemoFailed when the child has exited */
export function countOf(actor: Actor): Count {
  const count = readSchedstat(actor.id)
  if (!count) throw hasExited(actor)
  return { ...count, t: now() }
}

/** Reads the counts of all children at nearly the same moment: of 20 tries, the first within 1 ms, or else the fastest. */
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

/** The difference of two counts of one child. */
export function between(before: Count, after: Count): Count {
  return {
    t: after.t - before.t,
    run: after.run - before.run,
    delay: after.delay - before.delay,
    turns: after.turns - before.turns,
  }
}

/** The difference to `before`, which has a count for each child in the same order. */
export function countsSince(before: Count[], children: Actor[]): Count[] {
  return zip(before, countAll(children)).map(([one, other]) => between(one, other))
}

/** Nanoseconds as milliseconds, with one decimal below 10 ms. */
export function inMilliseconds(nanoseconds: number): string {
  const milliseconds = nanoseconds / 1e6
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`
}

/** Lets children exit that wait for a command. */
export async function dismiss(children: BusyChild[]): Promise<void> {
  for (const child of children) child.tell('end')
  await Promise.all(children.map(({ ended }) => ended))
}
