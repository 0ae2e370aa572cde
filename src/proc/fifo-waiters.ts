/** Who waits in open(2) for the other end of a FIFO, on this whole machine. */
import { fileBeingOpened, statOrNothing } from './pending-open.js'
import { readNumbers } from './read.js'
import { readSyscall } from './syscall.js'
import { readWchan, threads } from './task.js'

export interface FifoWaiter {
  pid: number
  /** The FIFO. */
  dev: number
  ino: number
  /** What it opens it for. */
  access: 'reading' | 'writing'
}

/** Those whose argument may be read; of another user's processes nothing can be seen. */
export function readFifoWaiters(): FifoWaiter[] {
  return readNumbers('/proc').flatMap((pid) =>
    threads(pid).flatMap((tid) => {
      if (readWchan(pid, tid) !== 'wait_for_partner') return []
      const opening = fileBeingOpened(pid, readSyscall(pid, tid))
      const stats = opening && statOrNothing(opening.seen)
      if (!opening || !stats?.isFIFO()) return []
      const access = (opening.flags & 3) === 0 ? 'reading' : 'writing'
      return [{ pid, dev: stats.dev, ino: stats.ino, access }]
    }),
  )
}
