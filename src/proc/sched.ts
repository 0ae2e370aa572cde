/**
 * What the scheduler counts for a thread: the times in /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst of the kernel),
 * the context switches in /proc/PID/status, and the policy in /proc/PID/stat (man 5 proc_pid_status, proc_pid_stat).
 *
 * These files of /proc/PID count the main thread only, and no other thread of the process. Those of /proc/PID/task/TID count one thread.
 */
import { folder, readText } from './read.js'
import { parseStat, statFields } from './stat.js'
import { readStatus } from './status.js'

export interface SchedStat {
  /** Nanoseconds that it was running. For a thread that is running now: until the last timer tick. */
  run: number
  /** Nanoseconds that it was ready, without a CPU. A period is added when it ends. */
  delay: number
  /** How many times it started to run on a CPU. */
  turns: number
}

/** Parses a schedstat file: three numbers. */
export function parseSchedstat(text: string): SchedStat {
  const [run = Number.NaN, delay = Number.NaN, turns = Number.NaN] = text.trim().split(' ').map(Number)
  return { run, delay, turns }
}

/** Undefined where the process has exited, or where the kernel was built without CONFIG_SCHED_INFO. */
export function readSchedstat(pid: number, tid?: number): SchedStat | undefined {
  const text = readText(`${folder(pid, tid)}/schedstat`)
  return text === undefined ? undefined : parseSchedstat(text)
}

/** How many context switches a thread has made. */
export interface Switches {
  /** The thread blocked. */
  voluntary: number
  /** The thread was preempted. */
  involuntary: number
}

/** Parses a status file; undefined where the kernel does not count switches. */
export function parseSwitches(text: string): Switches | undefined {
  // A newline in a process's name is written as \n, so no name can pose as a field.
  const count = (field: string) => new RegExp(`^${field}:\\s*(\\d+)$`, 'm').exec(text)?.[1]
  const [voluntary, involuntary] = [count('voluntary_ctxt_switches'), count('nonvoluntary_ctxt_switches')]
  if (voluntary === undefined || involuntary === undefined) return undefined
  return { voluntary: Number(voluntary), involuntary: Number(involuntary) }
}

/** Undefined where the process has exited, or where the kernel does not count switches. */
export function readSwitches(pid: number): Switches | undefined {
  return parseSwitches(readText(`${folder(pid)}/status`) ?? '')
}

/** Two readings of these counts show whether a thread makes progress. */
export interface CpuUse {
  /** The kernel's letter for its state. */
  state: string
  /** Context switches of both kinds. Their number stays the same while the thread is blocked. */
  switches: number
  /** Voluntary context switches. Their number stays the same while the thread only computes, and grows each time it blocks. */
  voluntary: number
  /** CPU time in clock ticks (1/100 s). */
  cpuTicks: number
}

/** Undefined where the thread has exited or cannot be seen. */
export function readCpuUse(pid: number, tid?: number): CpuUse | undefined {
  const stat = readText(`${folder(pid, tid)}/stat`)
  const status = readText(`${folder(pid, tid)}/status`)
  if (stat === undefined || status === undefined) return undefined
  const { state, cpuTicks } = parseStat(stat)
  const { voluntary = 0, involuntary = 0 } = parseSwitches(status) ?? {}
  return { state, cpuTicks, voluntary, switches: voluntary + involuntary }
}

/** Parses a list of CPUs as the kernel writes it: `0-2,5`. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, index) => first + index)
    })
}

/** The CPUs that a process may use, lowest number first: fewer than the machine has, under taskset(1) or in a container. */
export function allowedCpus(pid: number): number[] {
  return parseCpuList(readStatus(pid)?.cpusAllowed ?? '')
}

/** The scheduling policies by their numbers: sched(7). */
const policies = new Map([
  [0, 'SCHED_OTHER'],
  [1, 'SCHED_FIFO'],
  [2, 'SCHED_RR'],
  [3, 'SCHED_BATCH'],
  [5, 'SCHED_IDLE'],
  [6, 'SCHED_DEADLINE'],
])

/** The policy in a stat file: field 41. */
export function parsePolicy(text: string): string {
  const number = Number(statFields(text)(41))
  return policies.get(number) ?? `policy ${number}`
}

/** The scheduling policy of a process; undefined where it has exited. */
export function readPolicy(pid: number): string | undefined {
  const text = readText(`${folder(pid)}/stat`)
  return text === undefined ? undefined : parsePolicy(text)
}
