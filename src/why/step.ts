/** What would let a process continue, as data: src/demos/why/render/step.ts makes a command and a sentence of it. */
import { readStat } from '../proc/stat.js'
import { readStatus, signalsIn } from '../proc/status.js'

export type Step =
  /** Nothing to type: it continues by what the clock, a user or another process does anyway. */
  | { do: 'wait' }
  /** Write a line into a pipe, a FIFO or a terminal. @property isForeign whether it looks as if another process had written it */
  | { do: 'write'; path: string; isForeign?: true }
  /** Read from a pipe or a FIFO. @property bytes at most; all that arrives when missing */
  | { do: 'read'; path: string; bytes?: number }
  | { do: 'connect-tcp' | 'send-udp'; host: string; port: number }
  | {
      do: 'connect-unix' | 'send-unix'
      type: 'stream' | 'datagram' | 'seqpacket' | 'other'
      address: UnixAddress
    }
  /** Add 1 to the counter of an eventfd, or read it, which sets it to 0: eventfd(2). */
  | { do: 'add-event' | 'read-event'; pid: number; fd: number }
  /** Of a POSIX message queue. */
  | { do: 'send-message' | 'receive-message'; queue: string }
  /** Add 1 to a named semaphore: sem_post(3). */
  | { do: 'post-semaphore'; name: string }
  /** Of a System V queue or set of semaphores, which msgop(2) and semop(2) know by its id. */
  | { do: 'send-system-v'; id: number; type: number }
  | { do: 'receive-system-v'; id: number }
  | { do: 'add-system-v'; id: number; added: { semaphore: number; change: number }[] }
  /** Remove a System V queue or set of semaphores. */
  | { do: 'remove'; object: 'queue' | 'semaphores'; id: number }
  | { do: 'send-signal'; pid: number; signal: string }
  /** Bring a background job to the foreground of its terminal, which only its shell can do. */
  | { do: 'foreground'; pid: number }
  /** Thaw a frozen cgroup: cgroups(7). */
  | { do: 'thaw'; file: string; word: string }
  /** Continue a stopped process. */
  | { do: 'continue'; pid: number }
  /** Terminate the processes that it waits for. */
  | { do: 'end-others'; pids: number[]; signal: 'TERM' | 'KILL' }
  /** Terminate the process itself, where no milder step is known. */
  | { do: 'end-itself'; pid: number; signal: 'TERM' | 'KILL' }

/** A path in a file system, or a name in Linux's abstract namespace, which begins with NUL: unix(7). */
export type UnixAddress = { path: string } | { abstract: string }

const SIGTERM = 15

/**
 * The signal that terminates all of these processes. It is SIGKILL where one of them is stopped, ignores or blocks SIGTERM, or
 * is the first of a pid namespace: from outside, only SIGKILL terminates that one (man 7 pid_namespaces).
 */
function endSignal(pids: readonly number[]): 'TERM' | 'KILL' {
  const needsKill = pids.some((pid) => {
    const { blocked = 0n, ignored = 0n, namespaceIds = [] } = readStatus(pid) ?? {}
    const isFirst = namespaceIds.length > 1 && namespaceIds.at(-1) === 1
    return (
      isFirst || signalsIn(blocked | ignored).includes(SIGTERM) || /^[Tt]$/.test(readStat(pid)?.state ?? '')
    )
  })
  return needsKill ? 'KILL' : 'TERM'
}

/** More processes than this are not named in a command that terminates them: a person would not type it. */
const mostToEnd = 16

/** Wait for these processes, or terminate them; only wait where there is none, or where there are very many. */
export function waitOrEnd(pids: readonly number[]): Step[] {
  return pids.length === 0 || pids.length > mostToEnd
    ? [{ do: 'wait' }]
    : [{ do: 'wait' }, { do: 'end-others', pids: [...pids], signal: endSignal(pids) }]
}

export function endItself(pid: number): Step {
  return { do: 'end-itself', pid, signal: endSignal([pid]) }
}
