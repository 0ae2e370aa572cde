/** Who has what open: all descriptors of all processes that we may look at, read once. */
import { accessSync, constants } from 'node:fs'
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
  /** Who has a kernel object open. */
  holders(dev: number, ino: number): Holder[]
  /** Who has a socket open, by its inode as the tables of /proc/net have it. */
  socketHolders(inode: number): Holder[]
  /** How many processes there are whose descriptors cannot be seen. */
  hidden: number
  pids: readonly number[]
}

/** Reads all of /proc/PID/fd. It is no snapshot of one moment. */
export function takeCensus(): Census {
  const all = new Map<string, Holder[]>()
  const pids = readNumbers('/proc')
  let hidden = 0
  for (const pid of pids) {
    const files = openFiles(pid)
    if (files.length === 0 && isClosed(`/proc/${pid}/fd`)) hidden++
    for (const { fd, target, dev, ino } of files) {
      const key = target.startsWith('socket:[') ? `socket ${ino}` : `${dev} ${ino}`
      const holders = all.get(key)
      if (holders) holders.push({ pid, fd })
      else all.set(key, [{ pid, fd }])
    }
  }
  return {
    holders: (dev, ino) => all.get(`${dev} ${ino}`) ?? [],
    socketHolders: (inode) => all.get(`socket ${inode}`) ?? [],
    hidden,
    pids,
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
