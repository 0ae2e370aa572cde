/** What `why` may read: each table of /proc is read when it is first needed, and once per answer. */

import { type Family, readFamily } from '../proc/family.js'
import { parseEventId, readFdInfoText } from '../proc/fd-details.js'
import { type FifoWaiter, readFifoWaiters } from '../proc/fifo-waiters.js'
import { type FileLock, readLocks } from '../proc/locks.js'
import { readTcpTable, readUdpTable, type TcpRow } from '../proc/net-tcp.js'
import { readUnixTable, type UnixRow } from '../proc/net-unix.js'
import { type Census, takeCensus } from '../proc/open-descriptors.js'
import { readPids } from '../proc/pids.js'
import { sharedMemory } from '../proc/smaps.js'

export interface World {
  census(): Census
  /** The pids of the processes that have an eventfd open, by its id. */
  eventUsers(): Map<number, number[]>
  /** The pids of the processes that share memory, by what `sharedMemory` calls it. */
  memoryUsers(): Map<string, number[]>
  family(): Family
  fifoWaiters(): FifoWaiter[]
  locks(): FileLock[]
  /** The sockets of the network namespace of a process. */
  tcp(pid: number): TcpRow[]
  udp(pid: number): TcpRow[]
  unix(pid: number): UnixRow[]
}

export function createWorld(): World {
  const census = once(takeCensus)
  return {
    census,
    eventUsers: once(() => eventUsers(census())),
    memoryUsers: once(memoryUsers),
    family: once(readFamily),
    fifoWaiters: once(readFifoWaiters),
    locks: once(() => readLocks() ?? []),
    tcp: byPid(readTcpTable),
    udp: byPid(readUdpTable),
    unix: byPid(readUnixTable),
  }
}

function eventUsers(census: Census): Map<number, number[]> {
  const users = new Map<number, number[]>()
  for (const { pid, fd } of census.ofTarget('anon_inode:[eventfd]')) {
    const id = parseEventId(readFdInfoText(pid, fd))
    if (id !== undefined) add(users, id, pid)
  }
  return users
}

function memoryUsers(): Map<string, number[]> {
  const users = new Map<string, number[]>()
  for (const pid of readPids()) for (const memory of sharedMemory(pid)) add(users, memory, pid)
  return users
}

function add<Key>(users: Map<Key, number[]>, key: Key, pid: number): void {
  const all = users.get(key)
  if (!all) users.set(key, [pid])
  // The pids come in order.
  else if (all.at(-1) !== pid) all.push(pid)
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
