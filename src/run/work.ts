/** Whether the processes and threads of a run use a CPU, or are ready to. osdemo itself does not count: it looks all the time. */
import { readFamily } from '../proc/family.js'
import { readStat, type Stat } from '../proc/stat.js'

export interface WorkSeen {
  /** In milliseconds. */
  at: number
  /** Their CPU time so far, in milliseconds. */
  cpu: number
  /** The processes and threads that are running or ready. */
  ready: readonly number[]
}

/** With less than this share of one CPU, a process only asks again and again whether it can continue. */
const workingShare = 0.25

/** @param threads kernel ids of threads of osdemo that a stage has started */
export function seeWork(threads: readonly number[]): WorkSeen {
  const stats = [...descendants(), ...threads.flatMap((tid) => readStat(process.pid, tid) ?? [])]
  // A clock tick is 10 ms.
  const cpu = stats.reduce((sum, { cpuTicks }) => sum + cpuTicks * 10, 0)
  const ready = stats.filter(({ state }) => state === 'R').map(({ pid }) => pid)
  return { at: performance.now(), cpu, ready }
}

/** Whether a process worked between two looks. One that was ready both times may have waited for a CPU all the time. */
export function haveWorked(before: WorkSeen, after: WorkSeen): boolean {
  if (after.cpu - before.cpu >= workingShare * (after.at - before.at)) return true
  return after.ready.some((id) => before.ready.includes(id))
}

/** The children of osdemo, their children, and so on. */
export function descendants(): Stat[] {
  const family = readFamily()
  const below = (pid: number): Stat[] =>
    family.children(pid).flatMap((child) => {
      const stat = readStat(child)
      return stat ? [stat, ...below(child)] : []
    })
  return below(process.pid)
}
