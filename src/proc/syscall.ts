/** The system call that a thread is in: /proc/PID/task/TID/syscall, man 5 proc_pid_syscall. */
import { folder, readText } from './read.js'

/** `running`: on a processor or ready for one. Number -1: the thread waits or is stopped, but not in a system call. */
export type Syscall = 'running' | { number: number; args: bigint[] }

/** Reads the text of a syscall file: `running`, or `-1 SP PC`, or `NUMBER` and six arguments and `SP PC`. */
export function parseSyscall(text: string): Syscall {
  const words = text.trim().split(' ')
  if (words[0] === 'running') return 'running'
  // Kernel threads have no program: x86-64 then prints `0 0x0 0x0 ...`, which is not the read(2) that it looks like.
  if (words.at(-1) === '0x0') return { number: -1, args: [] }
  return { number: Number(words[0]), args: words.slice(1, -2).map(BigInt) }
}

/**
 * The system call that a thread is in; undefined where it cannot be seen. The kernel shows it only to those who may
 * trace the thread: root and the thread's own user; Yama (ptrace_scope 1) restricts that to root and its ancestors.
 */
export function readSyscall(pid: number, tid: number): Syscall | undefined {
  const text = readText(`${folder(pid, tid)}/syscall`)
  return text === undefined ? undefined : parseSyscall(text)
}

export interface Pointers {
  /** The stack pointer. */
  stack: bigint
  /** The program counter: the address of the next instruction. */
  program: bigint
}

/** Reads the text of a syscall file, whose last words are the stack pointer and the program counter. */
export function parsePointers(text: string): Pointers | undefined {
  const [stack, program] = text.trim().split(' ').slice(-2)
  // `running`, and a kernel thread, which has neither.
  if (stack === undefined || program === undefined || stack === '0x0') return undefined
  return { stack: BigInt(stack), program: BigInt(program) }
}

/** The stack pointer and the program counter of a thread that waits; undefined while it runs, or where they cannot be seen. */
export function readPointers(pid: number, tid = pid): Pointers | undefined {
  return parsePointers(readText(`${folder(pid, tid)}/syscall`) ?? '')
}
