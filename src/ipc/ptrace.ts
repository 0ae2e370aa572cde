/** Holds a process before the first instruction of a program that it executes: ptrace(2), Linux only. */
import { errnoOf } from '../errors.js'
import { blockUntil } from './block-until.js'
import { checked, native } from './libc.js'

/** Requests and options of linux/ptrace.h. */
const PTRACE_CONT = 7
const PTRACE_DETACH = 17
const PTRACE_SEIZE = 0x4206
const PTRACE_INTERRUPT = 0x4207
const PTRACE_O_TRACEEXEC = 1 << 4
const PTRACE_O_EXITKILL = 1 << 20

/** What waitid(2) reports for a process that has just executed a program: SIGTRAP | PTRACE_EVENT_EXEC << 8. */
const stopAtExec = 5 | (4 << 8)

const prototypes = {
  ptrace: 'long ptrace(int request, int pid, void *address, long data)',
  waitid: 'int waitid(int type, int id, void *info, int options)',
}

function ptrace(request: number, pid: number, data: number): void {
  checked('ptrace', native('ptrace', prototypes.ptrace)(request, pid, null, data))
}

/**
 * How a traced child has stopped: a signal, and an event in the bits above. 0 while it has not. An exit is left to Node, which would
 * take a stop for an exit if it were the first to see it. So the event loop must not run before the stop is taken here.
 *
 * @throws SystemError when the process has exited
 */
function takeStop(pid: number): number {
  const [P_PID, WNOHANG, WSTOPPED] = [1, 1, 2]
  // siginfo_t has 128 bytes. The numbers 4 and 6 of them are the pid and the status.
  const info = new Int32Array(32)
  const waitid = native('waitid', prototypes.waitid)
  checked('waitid', waitid(P_PID, pid, new Uint8Array(info.buffer), WNOHANG | WSTOPPED))
  return info[4] === pid ? (info[6] ?? 0) : 0
}

/** The signal that a stop is for, and that the process must still get. A stop with an event is for none. */
const signalOf = (stop: number) => (stop > 0xff ? 0 : stop)

/**
 * Continues a child that has stopped itself, blocks for at most a second until it executes its program, and holds it there: the kernel
 * has loaded the program, and no instruction of it has run. When this process dies, the kernel kills the child.
 *
 * @param isLoaded whether the child has executed its program, and not one before it, such as a shell
 * @returns false when it does not execute its program, or exits
 * @throws SystemError without the right to trace it; the child is still stopped then
 */
export function holdAtFirstInstruction(pid: number, isLoaded: () => boolean): boolean {
  const isHeld = unlessDead(() => {
    ptrace(PTRACE_SEIZE, pid, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)
    process.kill(pid, 'SIGCONT')
    if (blockUntil(() => hasStoppedThere(pid, isLoaded))) return true
    abandon(pid)
    return false
  })
  return isHeld === true
}

function hasStoppedThere(pid: number, isLoaded: () => boolean): boolean {
  const stop = takeStop(pid)
  if (stop === stopAtExec && isLoaded()) return true
  if (stop !== 0) ptrace(PTRACE_CONT, pid, signalOf(stop))
  return false
}

/** Ends the tracing of a child that is running. It must stop for that. */
function abandon(pid: number): void {
  ptrace(PTRACE_INTERRUPT, pid, 0)
  const stop = blockUntil(() => takeStop(pid) || undefined)
  ptrace(PTRACE_DETACH, pid, signalOf(stop ?? 0))
}

/**
 * Begins to trace a child, which continues to run. Whoever asks only whether that is allowed must kill the child with SIGKILL then.
 *
 * @throws SystemError without the right to trace it
 */
export function trace(pid: number): void {
  ptrace(PTRACE_SEIZE, pid, 0)
}

/** Lets a held process run its first instruction. Does nothing when it has been killed, or runs already. */
export function runHeld(pid: number): void {
  unlessDead(() => ptrace(PTRACE_DETACH, pid, 0))
}

/** @returns undefined when there is no such process, or no such stopped child */
function unlessDead<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (errnoOf(error) === 'ESRCH' || errnoOf(error) === 'ECHILD') return undefined
    throw error
  }
}
