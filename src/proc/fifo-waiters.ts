/** The processes of this machine that are blocked in open(2) of a FIFO, until its other end is opened. */
import { fileBeingOpened, fileOf } from './pending-open.js'
import { readNumbers } from './read.js'
import { readSyscall } from './syscall.js'
import { readWchan, threads } from './task.js'

export interface FifoWaiter {
  pid: number
  /** Device and inode number of the FIFO. */
  dev: number
  ino: number
  /** The end that it opens. */
  access: 'reading' | 'writing'
}

/** Finds those whose arguments this user may read, which excludes the processes of other users. */
export function readFifoWaiters(): FifoWaiter[] {
  return readNumbers('/proc').flatMap((pid) =>
    threads(pid).flatMap((tid) => {
      if (readWchan(pid, tid) !== 'wait_for_partner') return []
      const opening = fileBeingOpened(pid, readSyscall(pid, tid))
      const stats = opening && fileOf(pid, opening)
      if (!opening || typeof stats !== 'object' || !stats.isFIFO()) return []
      const access = (opening.flags & 3) === 0 ? 'reading' : 'writing'
      return [{ pid, dev: stats.dev, ino: stats.ino, access }]
    }),
  )
}
