/** For `osdemo why`: which processes have a kernel object open. All descriptors that this user may see are read once. */
import { accessSync, constants, statSync } from 'node:fs'
import { errnoOf } from '../errors.js'
import { fdFlags, openFiles } from './fds.js'
import { mayBlock, mountOf } from './mounts.js'
import { readNumbers } from './read.js'

export interface Holder {
  pid: number
  fd: number
}

/** What a descriptor is used for: O_ACCMODE of open(2). */
export type Access = 'reading' | 'writing'

export interface Census {
  /**
   * The descriptors that refer to a kernel object. Only descriptors with its inode number are passed to stat(2), for the device, and
   * none on a file system that may not answer.
   */
  holders(dev: number, ino: number): Holder[]
  /** The descriptors that refer to a socket, by its inode in the tables of /proc/net. */
  socketHolders(inode: number): Holder[]
  /** The descriptors whose link in /proc/PID/fd is such a text. */
  withTarget(isSuch: (target: string) => boolean): Holder[]
  /** The descriptors whose link in /proc/PID/fd is this text. */
  ofTarget(target: string): Holder[]
  /** The number of processes whose descriptors this user may not see. */
  hidden: number
  pids: readonly number[]
}

/** Reads all /proc/PID/fd one after the other, so this is no snapshot of one moment. */
export function takeCensus(): Census {
  const sockets = new Map<number | undefined, Holder[]>()
  const others = new Map<number | undefined, Holder[]>()
  const targets = new Map<string, Holder[]>()
  const pids = readNumbers('/proc')
  let hidden = 0
  for (const pid of pids) {
    const files = openFiles(pid)
    if (files.length === 0 && folderIsClosed(pid)) hidden++
    for (const { fd, target, ino } of files) {
      add(target.startsWith('socket:[') ? sockets : others, ino, { pid, fd })
      add(targets, target, { pid, fd })
    }
  }
  return {
    holders: (dev, ino) =>
      [...(others.get(ino) ?? []), ...(others.get(undefined) ?? [])].filter((holder) =>
        leadsTo(holder, dev, ino),
      ),
    withTarget: (isSuch) => [...targets].flatMap(([target, all]) => (isSuch(target) ? all : [])),
    ofTarget: (target) => targets.get(target) ?? [],
    socketHolders: (inode) => sockets.get(inode) ?? [],
    hidden,
    pids,
  }
}

function add<Key>(map: Map<Key, Holder[]>, key: Key, holder: Holder): void {
  const all = map.get(key)
  if (all) all.push(holder)
  else map.set(key, [holder])
}

function leadsTo({ pid, fd }: Holder, dev: number, ino: number): boolean {
  const mount = mountOf(pid, fd)
  if (mount && mayBlock(mount)) return false
  try {
    const stats = statSync(`/proc/${pid}/fd/${fd}`)
    return stats.dev === dev && stats.ino === ino
  } catch {
    return false
  }
}

/** Whether this user may not see the descriptors of a process. */
export function folderIsClosed(pid: number): boolean {
  try {
    accessSync(`/proc/${pid}/fd`, constants.R_OK)
    return false
  } catch (error) {
    return errnoOf(error) === 'EACCES'
  }
}

/** Whether a descriptor allows this access: O_RDONLY is 0, O_WRONLY 1, O_RDWR 2. */
export function isOpenFor(access: Access, { pid, fd }: Holder): boolean {
  const mode = (fdFlags(pid, fd)?.flags ?? Number.NaN) & 3
  return mode === 2 || mode === (access === 'reading' ? 0 : 1)
}
