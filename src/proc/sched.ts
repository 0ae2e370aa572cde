/**
 * What the scheduler counts for a thread: /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst of the kernel),
 * the switches in /proc/PID/status, and where and how it is scheduled in /proc/PID/stat (man 5 proc_pid_status, proc_pid_stat).
 *
 * /proc/PID is about the main thread alone here: what other threads of the process do is not counted.
 */
import { folder, readText } from './read.js'
import { parseStat, statFields } from './stat.js'
import { readStatus } from './status.js'

export interface SchedStat {
  /** Nanoseconds that it was on a CPU. Of one that runs now, as of the last timer tick. */
  run: number
  /** Nanoseconds that it was ready and waited for a CPU; each wait counts when it ends. */
  delay: number
  /** How often it got a CPU. */
  turns: number
}

/** Reads the text of a schedstat file: three numbers. */
export function parseSchedstat(text: string): SchedStat {
  const [run = Number.NaN, delay = Number.NaN, turns = Number.NaN] = text.trim().split(' ').map(Number)
  return { run, delay, turns }
}

/** Undefined where it cannot be seen: the process is gone, or the kernel was built without CONFIG_SCHED_INFO. */
export function readSchedstat(pid: number): SchedStat | undefined {
  const text = readText(`${folder(pid)}/schedstat`)
  return text === undefined ? undefined : parseSchedstat(text)
}

/** How often a thread has left the CPU. */
export interface Switches {
  /** By itself, since it had to wait. */
  voluntary: number
  /** Since the kernel gave the CPU to another one. */
  involuntary: number
}

/** Reads the text of a status file; undefined where the kernel does not count. */
export function parseSwitches(text: string): Switches | undefined {
  // A newline in a process's name is written as \n, so no name can pose as a field.
  const count = (field: string) => new RegExp(`^${field}:\\s*(\\d+)$`, 'm').exec(text)?.[1]
  const [voluntary, involuntary] = [count('voluntary_ctxt_switches'), count('nonvoluntary_ctxt_switches')]
  if (voluntary === undefined || involuntary === undefined) return undefined
  return { voluntary: Number(voluntary), involuntary: Number(involuntary) }
}

/** Undefined where it cannot be seen. */
export function readSwitches(pid: number): Switches | undefined {
  return parseSwitches(readText(`${folder(pid)}/status`) ?? '')
}

/** Whether a thread makes progress: how often it has left a CPU, and how long it was on one. */
export interface CpuUse {
  /** The kernel's letter for its state. */
  state: string
  /** How often it has left a CPU, voluntarily or not: man 5 proc_pid_status. It stays the same while the thread sleeps. */
  switches: number
  /** Voluntary switches: the number stays the same while the thread only computes, and grows each time it sleeps. */
  voluntary: number
  /** Clock ticks (1/100 s) on a CPU. */
  cpuTicks: number
}

/** Undefined where the thread is gone or cannot be seen. */
export function readCpuUse(pid: number, tid?: number): CpuUse | undefined {
  const stat = readText(`${folder(pid, tid)}/stat`)
  const status = readText(`${folder(pid, tid)}/status`)
  if (stat === undefined || status === undefined) return undefined
  const { state, cpuTicks } = parseStat(stat)
  const { voluntary = 0, involuntary = 0 } = parseSwitches(status) ?? {}
  return { state, cpuTicks, voluntary, switches: voluntary + involuntary }
}

/** Reads a list of CPUs as the kernel writes it: `0-2,5`. */
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

/** Policies of sched(7) by their number. */
const policies = new Map([
  [0, 'SCHED_OTHER'],
  [1, 'SCHED_FIFO'],
  [2, 'SCHED_RR'],
  [3, 'SCHED_BATCH'],
  [5, 'SCHED_IDLE'],
  [6, 'SCHED_DEADLINE'],
])

/** Reads the policy from the text of a stat file: field 41. */
export function parsePolicy(text: string): string {
  const number = Number(statFields(text)(41))
  return policies.get(number) ?? `policy ${number}`
}

/** The policy by which a process is scheduled; undefined where it cannot be seen. */
export function readPolicy(pid: number): string | undefined {
  const text = readText(`${folder(pid)}/stat`)
  return text === undefined ? undefined : parsePolicy(text)
}
