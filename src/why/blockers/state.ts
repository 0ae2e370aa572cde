/** What the state of a thread alone tells: stopped, traced, a zombie, running, or blocked in a call that cannot be seen. */
import { frozenCgroup } from '../../proc/cgroup.js'
import { readDescriptorLink } from '../../proc/links.js'
import { isInBackground, readStat, readWaitStatus } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { readSyscall } from '../../proc/syscall.js'
import { callName } from '../../proc/syscall-names.js'
import { noWaker, type Waking } from '../blocker.js'
import { type Step, waitOrEnd } from '../step.js'

export type StateBlocker = Waking &
  /** @property needsForeground whether SIGCONT does not help: its call on the terminal would stop it again */
  (
    | { kind: 'stopped'; pid: number; call?: string; isBackgroundJob: boolean; needsForeground: boolean }
    /** Its cgroup, or one above it, is frozen: cgroups(7). */
    | { kind: 'frozen'; pid: number; cgroup: string; file?: string }
    /** @property tracer 0 where it cannot be seen */
    | { kind: 'traced'; tracer: number }
    /** @property parent 0 where it cannot be seen @property ending undefined where the kernel does not show it to this user */
    | { kind: 'zombie'; parent: number; ending?: { code: number } | { signal: number } }
    /** A main thread that has exited before the others of its process. */
    | { kind: 'main-thread-exited' }
    /** On a CPU, or ready for one. */
    | { kind: 'running' }
    /** In no system call. @property hasJustRun whether the kernel found it running when its call was asked for */
    | { kind: 'no-call'; hasJustRun: boolean }
    /** In a system call that osdemo cannot explain; its number where it has no name here. */
    | { kind: 'unknown-call'; number?: number }
    /** The kernel does not show its system call to this user, and nothing else tells. */
    | { kind: 'hidden' }
  )

export const running: StateBlocker = { kind: 'running', ...noWaker }
export const hidden: StateBlocker = { kind: 'hidden', ...noWaker, certain: false }
export const mainThreadExited: StateBlocker = { kind: 'main-thread-exited', ...noWaker }

export function noCall(hasJustRun: boolean): StateBlocker {
  return { kind: 'no-call', hasJustRun, ...noWaker }
}

export function unknownCall(number?: number): StateBlocker {
  return { kind: 'unknown-call', ...(number !== undefined && { number }), ...noWaker }
}

/** A thread in state T. */
export function stopped(pid: number, tid: number): StateBlocker {
  const seen = readSyscall(pid, tid)
  const call = typeof seen === 'object' ? callName(seen) : undefined
  const isBackgroundJob = isInBackground(pid)
  const fd = typeof seen === 'object' ? Number(BigInt.asIntN(32, seen.args[0] ?? 0n)) : -1
  const usesTerminal =
    /^(read|readv|write|writev|ioctl)$/.test(call ?? '') &&
    /^\/dev\/(tty|pts\/|console)/.test(readDescriptorLink(pid, fd) ?? '')
  // The signal that stopped it, until its parent has asked for it.
  const isTerminalSignal = [SIGTTIN, SIGTTOU].includes(readWaitStatus(pid) ?? 0)
  const needsForeground = isBackgroundJob && (isTerminalSignal || usesTerminal)
  return {
    kind: 'stopped',
    pid,
    ...(call !== undefined && { call }),
    isBackgroundJob,
    needsForeground,
    ...noWaker,
    steps: [{ do: needsForeground ? 'foreground' : 'continue', pid }],
  }
}

const SIGTTIN = 21
const SIGTTOU = 22

/** A thread that sleeps in the kernel because its cgroup is frozen; undefined where none is. @param wchan where it sleeps */
export function frozen(pid: number, wchan: string | undefined): StateBlocker | undefined {
  if (!/^(get_signal|do_freezer_trap|__refrigerator)/.test(wchan ?? '')) return undefined
  const freezer = frozenCgroup(pid)
  if (!freezer) return undefined
  const { cgroup, file, word } = freezer
  const steps: Step[] = file === undefined ? [] : [{ do: 'thaw', file, word }]
  return { kind: 'frozen', pid, cgroup, ...(file !== undefined && { file }), ...noWaker, steps }
}

/** A thread in state t: ptrace(2). */
export function traced(pid: number, tid: number): StateBlocker {
  const tracer = readStatus(pid, tid)?.tracer ?? 0
  const wakers = tracer > 0 ? [tracer] : []
  return { kind: 'traced', tracer, ...noWaker, wakers, steps: waitOrEnd(wakers) }
}

/** A process that has exited and that its parent has not reaped. */
export function zombie(pid: number): StateBlocker {
  const parent = readStat(pid)?.ppid ?? 0
  const wakers = parent > 0 ? [parent] : []
  const ending = endingOf(pid)
  // Pid 1 reaps what it adopts, and must not be terminated.
  const steps = waitOrEnd(parent > 1 ? wakers : [])
  return { kind: 'zombie', parent, ...(ending && { ending }), wakers, open: false, certain: true, steps }
}

function endingOf(pid: number): { code: number } | { signal: number } | undefined {
  const status = readWaitStatus(pid) ?? 0
  // To a user who may not know it the kernel shows 0.
  const user = process.geteuid?.()
  if (status === 0 && user !== 0 && readStatus(pid)?.euid !== user) return undefined
  const signal = status & 0x7f
  return signal > 0 ? { signal } : { code: status >> 8 }
}
