/** What the state of a thread alone tells: stopped, traced, a zombie, running, or blocked in a call that cannot be seen. */
import { isInBackground, readStat, readWaitStatus } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { readSyscall } from '../../proc/syscall.js'
import { syscallName } from '../../proc/syscall-names.js'
import { noWaker, type Waking } from '../blocker.js'
import { waitOrEnd } from '../step.js'

export type StateBlocker = Waking &
  (
    | { kind: 'stopped'; pid: number; call?: string; isBackgroundJob: boolean }
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
  const call = typeof seen === 'object' ? syscallName(seen.number) : undefined
  return {
    kind: 'stopped',
    pid,
    ...(call !== undefined && { call }),
    isBackgroundJob: isInBackground(pid),
    ...noWaker,
    steps: [{ do: 'continue', pid }],
  }
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
