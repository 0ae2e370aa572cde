/** What `why` may read: each table of /proc is read when it is first needed, and once per answer. */
import { type Family, readFamily } from '../proc/family.js'
import { type FifoWaiter, readFifoWaiters } from '../proc/fifo-waiters.js'
import { type FileLock, readLocks } from '../proc/locks.js'
import { readTcpTable, readUdpTable, type TcpRow } from '../proc/net-tcp.js'
import { readUnixTable, type UnixRow } from '../proc/net-unix.js'
import { type Census, takeCensus } from '../proc/open-descriptors.js'

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
