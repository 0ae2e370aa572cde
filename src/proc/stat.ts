/** Who a process is and what state it is in: /proc/PID/stat, man 5 proc_pid_stat. */
import { errnoOf } from '../errors.js'
import { folder, readText } from './read.js'

export interface Stat {
  pid: number
  /** At most 15 bytes of name (more for kernel threads), which the process may set to anything. */
  comm: string
  /** The kernel's letter: R running or runnable, S or D waiting, T stopped, t traced, Z zombie, X dead, I idle. */
  state: string
  ppid: number
  /** Clock ticks (1/100 s) that it has spent on a CPU, in its program and in the kernel. */
  cpuTicks: number
  /** Clock ticks (1/100 s) from boot to its start; together with the pid it names one process for good. */
  startTicks: number
}

/** Reads the text of a stat file. */
export function parseStat(text: string): Stat {
  const field = statFields(text)
  return {
    pid: Number(text.slice(0, text.indexOf('('))),
    comm: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
    state: field(3),
    ppid: Number(field(4)),
    cpuTicks: Number(field(14)) + Number(field(15)),
    startTicks: Number(field(22)),
  }
}

/**
 * The fields of a stat file by the numbers that man 5 proc_pid_stat gives them, from 3 on; `0` where an older kernel has
 * fewer. comm, field 2, may contain spaces, brackets and newlines, but nothing after it contains a bracket.
 */
export function statFields(text: string): (number: number) => string {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .trimEnd()
    .split(' ')
  return (number) => fields[number - 3] ?? '0'
}

/** What the kernel says about a process, or about one of its threads; undefined where it cannot be seen. */
export function readStat(pid: number, tid?: number): Stat | undefined {
  const text = readText(`${folder(pid, tid)}/stat`)
  return text === undefined ? undefined : parseStat(text)
}

/** The fields of a process; undefined where they cannot be seen. */
function readFields(pid: number): ((number: number) => string) | undefined {
  const text = readText(`${folder(pid)}/stat`)
  return text === undefined ? undefined : statFields(text)
}

/** PF_KTHREAD of linux/sched.h. */
const kernelThreadFlag = 0x0020_0000

/** Whether it is a thread of the kernel itself, which has no program and no memory of its own: field 9, its flags. */
export function isKernelThread(pid: number): boolean {
  return (Number(readFields(pid)?.(9) ?? 0) & kernelThreadFlag) !== 0
}

/**
 * What a process that has exited leaves to its parent: field 52, as wait(2) would return it. An exit code times 256, or the
 * number of the signal that killed it. 0 also where we may not know, and undefined where it cannot be seen.
 */
export function readWaitStatus(pid: number): number | undefined {
  const status = readFields(pid)?.(52)
  return status === undefined ? undefined : Number(status)
}

/** Whether it has a terminal, and another group of processes is in the foreground there: fields 5, 7 and 8. */
export function isInBackground(pid: number): boolean {
  const field = readFields(pid)
  return field !== undefined && field(7) !== '0' && field(5) !== field(8)
}

/** Addresses that the kernel keeps of a process. Those who may not trace the process read 0 or 1 for each. */
export interface MemoryMarks {
  /** Where the stack began: the arguments and the environment lie above it. Undefined where this user may not know. */
  startStack: bigint | undefined
  /** Where brk(2) began to grow the heap. Undefined where this user may not know. */
  startBrk: bigint | undefined
}

/** Reads the addresses from the text of a stat file: fields 28 and 47. */
export function parseMemoryMarks(text: string): MemoryMarks {
  const field = statFields(text)
  const address = (number: number) => {
    const value = BigInt(field(number))
    return value > 1n ? value : undefined
  }
  return { startStack: address(28), startBrk: address(47) }
}

/** Undefined where the process cannot be seen. */
export function readMemoryMarks(pid: number): MemoryMarks | undefined {
  const text = readText(`${folder(pid)}/stat`)
  return text === undefined ? undefined : parseMemoryMarks(text)
}

/**
 * Whether a process exists and is no zombie; with `startTicks`, whether it is still the same process and not
 * another one that was given its pid.
 *
 * Where /proc does not show it (macOS, hidepid) it is alive when it can be addressed by a signal: that takes a
 * zombie for alive and cannot compare start times.
 */
export function isAlive(pid: number, startTicks?: number): boolean {
  // kill(2) would take 0 and below for groups of processes.
  if (!(pid > 0)) return false
  const stat = readStat(pid)
  if (stat === undefined) return canBeAddressed(pid)
  if (stat.state === 'Z' || stat.state === 'X') return false
  return startTicks === undefined || stat.startTicks === startTicks
}

/** kill(2) with signal 0: nothing is sent, and EPERM says that there is someone whom we may not signal. */
export function canBeAddressed(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}
