/** Who has what open, for `why`: all descriptors of all processes that we may look at, read once. */
import { accessSync, constants, statSync } from 'node:fs'
import { errnoOf } from '../errors.js'
import { fdFlags, openFiles } from './fds.js'
import { readNumbers } from './read.js'

export interface Holder {
  pid: number
  fd: number
}

/** How a descriptor may be used: O_ACCMODE of open(2). */
export type Access = 'reading' | 'writing'

export interface Census {
  /**
   * Who has a kernel object open. Only a descriptor with that inode number is asked for its device, by stat(2): so a file system
   * that does not answer holds us only where a file of it has the same number, or before Linux 5.14, which does not tell it.
   */
  holders(dev: number, ino: number): Holder[]
  /** Who has a socket open, by its inode as the tables of /proc/net have it. */
  socketHolders(inode: number): Holder[]
  /** How many processes there are whose descriptors cannot be seen. */
  hidden: number
  pids: readonly number[]
}

/** Reads all of /proc/PID/fd. It is no snapshot of one moment. */
export function takeCensus(): Census {
  const sockets = new Map<number | undefined, Holder[]>()
  const others = new Map<number | undefined, Holder[]>()
  const pids = readNumbers('/proc')
  let hidden = 0
  for (const pid of pids) {
    const files = openFiles(pid)
    if (files.length === 0 && isClosed(`/proc/${pid}/fd`)) hidden++
    for (const { fd, target, ino } of files) {
      const all = target.startsWith('socket:[') ? sockets : others
      const holders = all.get(ino)
      if (holders) holders.push({ pid, fd })
      else all.set(ino, [{ pid, fd }])
    }
  }
  return {
    holders: (dev, ino) =>
      [...(others.get(ino) ?? []), ...(others.get(undefined) ?? [])].filter((holder) =>
        leadsTo(holder, dev, ino),
      ),
    socketHolders: (inode) => sockets.get(inode) ?? [],
    hidden,
    pids,
  }
}

function leadsTo({ pid, fd }: Holder, dev: number, ino: number): boolean {
  try {
    const stats = statSync(`/proc/${pid}/fd/${fd}`)
    return stats.dev === dev && stats.ino === ino
  } catch {
    return false
  }
}

function isClosed(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return false
  } catch (error) {
    return errnoOf(error) === 'EACCES'
  }
}

/** Whether a descriptor is open for this: O_RDONLY is 0, O_WRONLY 1, O_RDWR 2. */
export function isOpenFor(access: Access, { pid, fd }: Holder): boolean {
  const mode = (fdFlags(pid, fd)?.flags ?? Number.NaN) & 3
  return mode === 2 || mode === (access === 'reading' ? 0 : 1)
}
