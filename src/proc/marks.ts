/** Addresses that the kernel keeps of a process: /proc/PID/stat and syscall, man 5 proc_pid_stat and proc_pid_syscall. */
import { folder, readText } from './read.js'

export interface Marks {
  /** Where the stack began: the arguments and the environment lie above it. Undefined where this user may not know. */
  startStack: bigint | undefined
  /** Where brk(2) began to grow the heap. Undefined where this user may not know. */
  startBrk: bigint | undefined
}

/** Reads the text of a stat file. Who may not trace the process reads 0 or 1 for its addresses. */
export function parseMarks(text: string): Marks {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // fields[0] is field 3 of the man page.
  const address = (field: number) => {
    const value = BigInt(fields[field - 3] ?? 0)
    return value > 1n ? value : undefined
  }
  return { startStack: address(28), startBrk: address(47) }
}

/** What the kernel says of a process; undefined where it cannot be seen. */
export function readMarks(pid: number): Marks | undefined {
  const text = readText(`${folder(pid)}/stat`)
  return text === undefined ? undefined : parseMarks(text)
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
  if (program === undefined || stack === '0x0') return undefined
  return { stack: BigInt(stack!), program: BigInt(program) }
}

/** The stack pointer and the program counter of a thread that waits; undefined while it runs, or where they cannot be seen. */
export function readPointers(pid: number, tid = pid): Pointers | undefined {
  return parsePointers(readText(`${folder(pid, tid)}/syscall`) ?? '')
}

/** Bytes of addresses that a process has mapped, by the kernel's own count; undefined where it cannot be seen or has none. */
export function readMappedSize(pid: number): number | undefined {
  const kib = /^VmSize:\s*(\d+) kB$/m.exec(readText(`${folder(pid)}/status`) ?? '')?.[1]
  return kib === undefined ? undefined : Number(kib) * 1024
}
