/** Name, state, parent and times of a process: /proc/PID/stat, man 5 proc_pid_stat. */
import { errnoOf } from '../errors.js'
import { folder, readText } from './read.js'

export interface Stat {
  pid: number
  /** Its name: at most 15 bytes (more for kernel threads), which the process may set to any text. */
  comm: string
  /** The kernel's letter: R running or ready, S or D waiting, T stopped, t stopped by a tracer, Z zombie, X dead, I idle. */
  state: string
  ppid: number
  /** CPU time in clock ticks (1/100 s), in the program and in the kernel. */
  cpuTicks: number
  /** Its start, in clock ticks (1/100 s) since boot. Pid and start identify a process even when its pid is used again. */
  startTicks: number
}

/** Parses a stat file. */
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
 * The fields of a stat file by their numbers in man 5 proc_pid_stat, from 3 on; `0` for a field that an older kernel lacks.
 * Field 2, the name, may contain spaces, brackets and newlines. No later field contains a bracket.
 */
export function statFields(text: string): (number: number) => string {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .trimEnd()
    .split(' ')
  return (number) => fields[number - 3] ?? '0'
}

/** The stat file of a process, or of one of its threads; undefined where it cannot be read. */
export function readStat(pid: number, tid?: number): Stat | undefined {
  const text = readText(`${folder(pid, tid)}/stat`)
  return text === undefined ? undefined : parseStat(text)
}

/** The fields of the stat file of a process; undefined where it cannot be read. */
function readFields(pid: number): ((number: number) => string) | undefined {
  const text = readText(`${folder(pid)}/stat`)
  return text === undefined ? undefined : statFields(text)
}

/** CPU time in milliseconds: in the program, and in the kernel for it. Fields 14 and 15, in clock ticks of 10 ms. */
export function readCpuTimes(pid: number): { user: number; kernel: number } | undefined {
  const field = readFields(pid)
  return field && { user: Number(field(14)) * 10, kernel: Number(field(15)) * 10 }
}

/** PF_KTHREAD of linux/sched.h. */
const kernelThreadFlag = 0x0020_0000

/** Whether it is a thread of the kernel, which has no program and no address space of its own: field 9, the flags. */
export function isKernelThread(pid: number): boolean {
  return (Number(readFields(pid)?.(9) ?? 0) & kernelThreadFlag) !== 0
}

/**
 * The status that wait(2) will return for a zombie: field 52. It is the exit code times 256, or the number of the signal that
 * killed it. The kernel writes 0 for users who may not trace the process. Undefined where the process does not exist.
 */
export function readWaitStatus(pid: number): number | undefined {
  const status = readFields(pid)?.(52)
  return status === undefined ? undefined : Number(status)
}

/** Whether it has a terminal whose foreground process group is another one: fields 5, 7 and 8. */
export function isInBackground(pid: number): boolean {
  const field = readFields(pid)
  return field !== undefined && field(7) !== '0' && field(5) !== field(8)
}

/** Whether it has a terminal, which sends the signals of the keyboard to it: fields 5, 7 and 8. */
export function isInForeground(pid: number): boolean {
  const field = readFields(pid)
  return field !== undefined && field(7) !== '0' && field(5) === field(8)
}

/** Addresses in the stat file. The kernel writes 0 or 1 for each to users who may not trace the process. */
export interface MemoryMarks {
  /** The start of the stack. Arguments and environment lie above it. Undefined where this user may not read it. */
  startStack: bigint | undefined
  /** The start of the heap, which brk(2) enlarges. Undefined where this user may not read it. */
  startBrk: bigint | undefined
}

/** The addresses in a stat file: fields 28 and 47. */
export function parseMemoryMarks(text: string): MemoryMarks {
  const field = statFields(text)
  const address = (number: number) => {
    const value = BigInt(field(number))
    return value > 1n ? value : undefined
  }
  return { startStack: address(28), startBrk: address(47) }
}

/** Undefined where the process does not exist or cannot be seen. */
export function readMemoryMarks(pid: number): MemoryMarks | undefined {
  const text = readText(`${folder(pid)}/stat`)
  return text === undefined ? undefined : parseMemoryMarks(text)
}

/**
 * Whether a process exists and is no zombie. With `startTicks`, also whether it is the same process, and not a later one with the
 * same pid.
 *
 * Where /proc does not show the process (macOS, hidepid), kill(2) decides, so a zombie counts as alive and start times are not
 * compared.
 */
export function isAlive(pid: number, startTicks?: number): boolean {
  // For kill(2), 0 and negative numbers mean process groups.
  if (!(pid > 0)) return false
  const stat = readStat(pid)
  if (stat === undefined) return canBeAddressed(pid)
  if (stat.state === 'Z' || stat.state === 'X') return false
  return startTicks === undefined || stat.startTicks === startTicks
}

/** Whether a process exists: kill(2) with signal 0 sends nothing, and EPERM means that it exists but belongs to another user. */
export function canBeAddressed(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

/** Whether /proc hides the processes of other users from this one: the mount option hidepid. Pid 1 stands for them. */
export function hidesOtherUsers(): boolean {
  return readStat(1) === undefined && canBeAddressed(1)
}
