/** What the threads of a process wait in: /proc/PID/task/TID/wchan and syscall, man 5 proc_pid_task. */
import { folder, readNumbers, readText } from './read.js'
import { syscallName } from './syscalls.js'

/** `running`: on a processor or ready for one. Number -1: waits or is stopped, but not in a system call. */
export type Syscall = 'running' | { number: number; args: bigint[] }

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

/** Reads the text of a syscall file: `running`, or `-1 SP PC`, or `NUMBER` and six arguments and `SP PC`. */
export function parseSyscall(text: string): Syscall {
  const words = text.trim().split(' ')
  if (words[0] === 'running') return 'running'
  // Kernel threads have no program: x86-64 then says `0 0x0 0x0 ...`, which is not the read(2) that it looks like.
  if (words.at(-1) === '0x0') return { number: -1, args: [] }
  return { number: Number(words[0]), args: words.slice(1, -2).map(BigInt) }
}

/**
 * The system call that a thread is in; undefined where it cannot be seen. The kernel shows it only to those who may
 * trace the thread: root and its own user, of whom Yama (ptrace_scope 1) leaves root and its ancestors.
 */
export function readSyscall(pid: number, tid: number): Syscall | undefined {
  const text = readText(`${folder(pid, tid)}/syscall`)
  return text === undefined ? undefined : parseSyscall(text)
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
