/** What `why` may look at: each table of /proc is read when it is first asked for, and once for one answer. */

import { readCommandLine } from '../proc/cmdline.js'
import { type Family, readFamily } from '../proc/family.js'
import { type FifoWaiter, readFifoWaiters } from '../proc/fifo-waiters.js'
import { type FileLock, readLocks } from '../proc/locks.js'
import { readTcpTable, readUdpTable, type TcpRow } from '../proc/net-tcp.js'
import { readUnixTable, type UnixRow } from '../proc/net-unix.js'
import { type Census, takeCensus } from '../proc/open-descriptors.js'
import { readStat } from '../proc/stat.js'
import { readStatus } from '../proc/status.js'

export interface World {
  census(): Census
  family(): Family
  fifoWaiters(): FifoWaiter[]
  locks(): FileLock[]
  /** The sockets of the network namespace of a process. */
  tcp(pid: number): TcpRow[]
  udp(pid: number): TcpRow[]
  unix(pid: number): UnixRow[]
}

export function createWorld(): World {
  return {
    census: once(takeCensus),
    family: once(readFamily),
    fifoWaiters: once(readFifoWaiters),
    locks: once(() => readLocks() ?? []),
    tcp: byPid(readTcpTable),
    udp: byPid(readUdpTable),
    unix: byPid(readUnixTable),
  }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function byPid<T>(make: (pid: number) => T): (pid: number) => T {
  const made = new Map<number, T>()
  return (pid) => {
    const known = made.get(pid) ?? make(pid)
    made.set(pid, known)
    return known
  }
}

/** What the kernel said, and where; `about` is what it is evidence for. */
export interface Proof {
  source: string
  value: string
  about: string
}

/** A command to type in another terminal. */
export interface Step {
  command: string
  /** What it does, after `what`: `opens it for writing`. Of one that merely ends the process: why, as a sentence. */
  effect: string
  ends?: boolean
}

/** What is at the other end of a wait: what would have to happen, and who could do it. */
export interface Other {
  /** What is waited on, as in `an empty pipe`. */
  object: string
  /** What has to happen, after `for`: `somebody to write into it`. */
  event: string
  /** Who is there, as a sentence. */
  who: string
  proofs: Proof[]
  /** The pids of those who could let it go on. */
  wakers: number[]
  /** Whether something else could: time, a terminal, the network, somebody who comes newly. */
  open: boolean
  step?: Step | undefined
  /** Whether it is merely probable that those are the ones. */
  likely?: boolean
}

/** SIGTERM, bit by bit as in the masks of /proc/PID/status. */
const termBit = 1n << 14n

/**
 * The command that ends these processes: kill(1) with SIGTERM where that does it, and with SIGKILL where one of them is
 * stopped, ignores or blocks it, or is the first of a pid namespace, which no other signal from outside ends.
 */
export function endCommand(pids: readonly number[]): string {
  const deaf = pids.some((pid) => {
    const { blocked = 0n, ignored = 0n, namespaceIds = [] } = readStatus(pid) ?? {}
    return (
      ((blocked | ignored) & termBit) !== 0n ||
      /^[Tt]$/.test(readStat(pid)?.state ?? '') ||
      // Number 1 of a pid namespace within ours.
      (namespaceIds.length > 1 && namespaceIds.at(-1) === 1)
    )
  })
  return `kill ${deaf ? '-KILL ' : ''}${pids.join(' ')}`
}

/** What names a thread in the source of a proof. */
export function threadFolder(pid: number, tid: number): string {
  return `/proc/${pid}/task/${tid}`
}

/** `cat (4711)`; a pid alone where nothing can be seen of it. */
export function named(pid: number): string {
  const comm = readStat(pid)?.comm
  // The main thread of a newer Node calls itself so.
  const name = comm === 'MainThread' ? readCommandLine(pid)?.[0]?.split('/').at(-1) : comm
  return name === undefined ? `process ${pid}` : `${name} (${pid})`
}

/** `a`, `a and b`, `a, b and 3 more`. */
export function listed(items: readonly string[], most = 4): string {
  if (items.length <= most && items.length > 1) return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
  if (items.length <= 1) return items.join('')
  return `${items.slice(0, most - 1).join(', ')} and ${items.length - most + 1} more`
}

/** Seconds as people say them. */
export function seconds(number: number): string {
  if (number < 1) return `${Math.round(number * 1000)} ms`
  if (number >= 1e9) return 'for ever'
  return `${Number(number.toFixed(number < 10 ? 1 : 0))} s`
}
