/** The threads of a process, and where each is blocked: /proc/PID/task and wchan, man 5 proc_pid_task and proc_pid_wchan. */
import { folder, readNumbers, readText } from './read.js'
import { readSyscall } from './syscall.js'
import { callName } from './syscall-names.js'

export interface WaitingThread {
  tid: number
  /** The kernel function that it sleeps in. */
  wchan: string | undefined
  /** The name of the system call that it is blocked in. */
  syscall: string | undefined
}

/**
 * The thread ids of a process, the main thread first. The main thread need not have the lowest id, because the kernel starts again
 * from low numbers when it reaches the highest. Empty where they cannot be seen.
 */
export function threads(pid: number): number[] {
  return readNumbers(`/proc/${pid}/task`).sort((one, other) => Number(other === pid) - Number(one === pid))
}

/** Parses a wchan file: `0` means that the thread does not wait, or that this user may not know. */
export function parseWchan(text: string): string | undefined {
  const name = text.trim()
  return name === '0' || name === '' ? undefined : name
}

/** The kernel function that a thread sleeps in; undefined where it does not wait, or where this user may not know. */
export function readWchan(pid: number, tid: number): string | undefined {
  return parseWchan(readText(`${folder(pid, tid)}/wchan`) ?? '')
}

/**
 * All threads of a process, and where each is blocked. They are read one after the other, so this is no snapshot of one moment.
 * A stopped thread is still shown in its system call. Only its wchan, do_signal_stop, shows that it is stopped.
 */
export function waitingThreads(pid: number): WaitingThread[] {
  return threads(pid).map((tid) => {
    const call = readSyscall(pid, tid)
    return {
      tid,
      wchan: readWchan(pid, tid),
      syscall: typeof call === 'object' ? callName(call) : undefined,
    }
  })
}
