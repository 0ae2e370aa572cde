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
  // comm may hold spaces, brackets and newlines, but nothing after it holds a bracket.
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const fields = text.slice(close + 2).split(' ')
  // fields[0] is field 3 of the man page.
  return {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    state: fields[0]!,
    ppid: Number(fields[1]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTicks: Number(fields[19]),
  }
}

/** What the kernel says about a process, or about one of its threads; undefined where it cannot be seen. */
export function readStat(pid: number, tid?: number): Stat | undefined {
  const text = readText(`${folder(pid, tid)}/stat`)
  return text === undefined ? undefined : parseStat(text)
}

/** PF_KTHREAD of linux/sched.h. */
const kernelThreadFlag = 0x0020_0000

/** Whether it is a thread of the kernel itself, which has no program and no memory of its own: field 9, its flags. */
export function isKernelThread(pid: number): boolean {
  return (Number(fieldsAfterComm(pid)?.[6] ?? 0) & kernelThreadFlag) !== 0
}

/**
 * What a process that has ended leaves to its parent: field 52, as wait(2) would give it. An exit code times 256, or the
 * number of the signal that ended it. 0 also where we may not know, and undefined where it cannot be seen.
 */
export function readWaitStatus(pid: number): number | undefined {
  const status = fieldsAfterComm(pid)?.[49]
  return status === undefined ? undefined : Number(status)
}

/** The fields from number 3 on. */
function fieldsAfterComm(pid: number): string[] | undefined {
  const text = readText(`${folder(pid)}/stat`)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
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
