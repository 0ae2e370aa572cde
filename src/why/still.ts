/** Looks at one process, short enough to be repeated: has it run since the last look? */
import { now } from '../events.js'
import { readCpuUse } from '../proc/sched.js'
import { readStat, type Stat } from '../proc/stat.js'
import { readSyscall } from '../proc/syscall.js'
import { callName } from '../proc/syscall-names.js'
import { readWchan, threads } from '../proc/task.js'

/** What the main thread of a process was doing. */
export type Doing =
  | { kind: 'running' | 'stopped' | 'traced' | 'zombie' | 'main-thread-exited' }
  /** @property call the system call; undefined where it cannot be seen @property wchan the kernel's function */
  | { kind: 'waiting'; call?: string; wchan?: string }

export interface Look {
  /** When, in microseconds. */
  t: number
  /** The kernel's letter for its main thread. */
  state: string
  doing: Doing
  /** Two looks with the same key found it in the same call with the same arguments. */
  key: string
  /** How often it has left a CPU, how often of these voluntarily, and for how many clock ticks (1/100 s) it was on one. */
  switches: number
  voluntary: number
  cpuTicks: number
}

/** Undefined when that very process has exited and been reaped: its start time tells it from a later one with its pid. */
export function lookAt({ pid, startTicks }: Pick<Stat, 'pid' | 'startTicks'>): Look | undefined {
  const use = readCpuUse(pid, pid)
  if (!use || readStat(pid)?.startTicks !== startTicks) return undefined
  const { state } = use
  const sleeps = state === 'S' || state === 'D'
  const call = sleeps ? readSyscall(pid, pid) : undefined
  const wchan = sleeps ? readWchan(pid, pid) : undefined
  const where = typeof call === 'object' ? `${call.number} ${call.args.join(' ')}` : (call ?? wchan ?? '')
  const name = typeof call === 'object' ? callName(call) : undefined
  return { ...use, t: now(), doing: doingOf(pid, state, name, wchan), key: `${state} ${where}` }
}

function doingOf(pid: number, state: string, call: string | undefined, wchan: string | undefined): Doing {
  if (state === 'R') return { kind: 'running' }
  if (state === 'T') return { kind: 'stopped' }
  if (state === 't') return { kind: 'traced' }
  // The main thread may have exited before the others.
  if (state === 'Z') return { kind: threads(pid).length > 1 ? 'main-thread-exited' : 'zombie' }
  return { kind: 'waiting', ...(call !== undefined && { call }), ...(wchan !== undefined && { wchan }) }
}

/**
 * Whether a process did not run between two looks, or was found running in both. One that is found running twice and slept in
 * between is no busy loop.
 */
export function isStill(before: Look, last: Look): boolean {
  return before.key === last.key && before.voluntary === last.voluntary
}
