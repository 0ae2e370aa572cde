/** The threads of a process, and what each waits in: /proc/PID/task (man 5 proc_pid_task) and wchan (proc_pid_wchan). */
import { folder, readNumbers, readText } from './read.js'
import { readSyscall } from './syscall.js'
import { syscallName } from './syscall-names.js'

export interface WaitingThread {
  tid: number
  /** The kernel's function that it waits in. */
  wchan: string | undefined
  /** The name of the system call that it waits in. */
  syscall: string | undefined
}

/**
 * The thread ids of a process, its main thread first: that is not the least of them when the kernel's numbers began again
 * while it started. Empty where it cannot be seen.
 */
export function threads(pid: number): number[] {
  return readNumbers(`/proc/${pid}/task`).sort((one, other) => Number(other === pid) - Number(one === pid))
}

/** Reads the text of a wchan file: `0` means that it does not wait, or that we may not know. */
export function parseWchan(text: string): string | undefined {
  const name = text.trim()
  return name === '0' || name === '' ? undefined : name
}

/** The kernel's function that a thread waits in; undefined where it does not wait or cannot be seen. */
export function readWchan(pid: number, tid: number): string | undefined {
  return parseWchan(readText(`${folder(pid, tid)}/wchan`) ?? '')
}

/**
 * All threads of a process and what each waits in, one after the other: it is no snapshot of one moment.
 * A stopped thread keeps the system call that it was stopped in; only its wchan (do_signal_stop) tells.
 */
export function waitingThreads(pid: number): WaitingThread[] {
  return threads(pid).map((tid) => {
    const call = readSyscall(pid, tid)
    return {
      tid,
      wchan: readWchan(pid, tid),
      syscall: typeof call === 'object' ? syscallName(call.number) : undefined,
    }
  })
}
