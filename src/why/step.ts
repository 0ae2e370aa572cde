/** What would let a process continue, as data: src/demos/why/render/step.ts makes a command of it. */
import { readStat } from '../proc/stat.js'
import { readStatus, signalsIn } from '../proc/status.js'

export type Step =
  /** Write a line into a pipe, a FIFO or a terminal. */
  | { do: 'write'; path: string }
  /** Read from a pipe or a FIFO. @property bytes at most; all that comes when missing */
  | { do: 'read'; path: string; bytes?: number }
  | { do: 'connect-tcp' | 'send-udp'; host: string; port: number }
  | {
      do: 'connect-unix' | 'send-unix'
      type: 'stream' | 'datagram' | 'seqpacket' | 'other'
      address: UnixAddress
    }
  | { do: 'send-message' | 'receive-message'; queue: string }
  /** Remove a System V queue or set of semaphores. */
  | { do: 'remove'; object: 'queue' | 'semaphores'; id: number }
  | { do: 'send-signal'; pid: number; signal: string }
  /** Continue a stopped process. */
  | { do: 'continue'; pid: number }
  /** End those that it waits for. */
  | { do: 'end-others'; pids: number[]; signal: 'TERM' | 'KILL' }
  /** End the process itself, for nothing better is known. */
  | { do: 'end-itself'; pid: number; signal: 'TERM' | 'KILL' }

/** A path in a file system, or a name in Linux's abstract namespace, which begins with NUL: unix(7). */
export type UnixAddress = { path: string } | { abstract: string }

const SIGTERM = 15

/**
 * The signal that ends all of these processes: SIGKILL where one of them is stopped, ignores or blocks SIGTERM, or is the first
 * of a pid namespace, which no other signal from outside ends.
 */
function endSignal(pids: readonly number[]): 'TERM' | 'KILL' {
  const isDeaf = pids.some((pid) => {
    const { blocked = 0n, ignored = 0n, namespaceIds = [] } = readStatus(pid) ?? {}
    const isFirst = namespaceIds.length > 1 && namespaceIds.at(-1) === 1
    return (
      isFirst || signalsIn(blocked | ignored).includes(SIGTERM) || /^[Tt]$/.test(readStat(pid)?.state ?? '')
    )
  })
  return isDeaf ? 'KILL' : 'TERM'
}

/** None where there is nobody to end. */
export function endOthers(pids: readonly number[]): Step[] {
  return pids.length === 0 ? [] : [{ do: 'end-others', pids: [...pids], signal: endSignal(pids) }]
}

export function endItself(pid: number): Step {
  return { do: 'end-itself', pid, signal: endSignal([pid]) }
}
