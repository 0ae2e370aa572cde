/** The system call that a thread is in: /proc/PID/task/TID/syscall, man 5 proc_pid_syscall. */
import { folder, readText } from './read.js'
import { readMemoryMarks } from './stat.js'

/** `running`: the thread is running or ready. Number -1: it is waiting or stopped, but not in a system call. */
export type Syscall = 'running' | SyscallInProgress

export interface SyscallInProgress {
  number: number
  args: bigint[]
  /** In a 32-bit program on a 64-bit kernel: the numbers of its calls are others. */
  is32?: true
}

/** Parses a syscall file: `running`, or `-1 SP PC`, or `NUMBER`, six arguments, and `SP PC`. */
export function parseSyscall(text: string): Syscall {
  const words = text.trim().split(' ')
  if (words[0] === 'running') return 'running'
  // A kernel thread makes no system calls, but on x86-64 the file contains `0 0x0 0x0 ...`, and 0 is the number of read(2).
  if (words.at(-1) === '0x0') return { number: -1, args: [] }
  return { number: Number(words[0]), args: words.slice(1, -2).map(BigInt) }
}

/**
 * The system call that a thread is in; undefined where it cannot be read. The kernel shows it only to users who may trace the
 * thread: root and the user of the thread. With Yama (ptrace_scope 1), only root and the ancestors of the process may.
 */
export function readSyscall(pid: number, tid: number): Syscall | undefined {
  const text = readText(`${folder(pid, tid)}/syscall`)
  if (text === undefined) return undefined
  const call = parseSyscall(text)
  // A 64-bit thread may have its stack there too, but the main thread never has.
  const isLow = call !== 'running' && (parsePointers(text)?.stack ?? end32) < end32
  return isLow && (readMemoryMarks(pid)?.startStack ?? end32) < end32 ? { ...call, is32: true } : call
}

/** The end of the addresses of a 32-bit program. */
const end32 = 2n ** 32n

export interface Pointers {
  /** The stack pointer. */
  stack: bigint
  /** The program counter: the address of the next instruction. */
  program: bigint
}

/** Parses the last two words of a syscall file: the stack pointer and the program counter. */
export function parsePointers(text: string): Pointers | undefined {
  const [stack, program] = text.trim().split(' ').slice(-2)
  // The file contains only `running`, or belongs to a kernel thread, which has neither pointer.
  if (stack === undefined || program === undefined || stack === '0x0') return undefined
  return { stack: BigInt(stack), program: BigInt(program) }
}

/** The pointers of a waiting thread; undefined while it is running, or where they cannot be read. */
export function readPointers(pid: number, tid = pid): Pointers | undefined {
  return parsePointers(readText(`${folder(pid, tid)}/syscall`) ?? '')
}
