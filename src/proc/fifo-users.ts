/**
 * Who uses a FIFO: who has it open, and who waits in open(2) for its other end. The latter has no descriptor yet, so
 * there is only the path that it gave to the kernel: an argument of its system call, in its own memory.
 */
import { holders } from './fds.js'
import { fileBeingOpened, statOrNothing } from './pending-open.js'
import { readNumbers } from './read.js'
import { readSyscall } from './syscall.js'
import { readWchan, threads } from './task.js'

/**
 * The pids of those who have this FIFO open, wait to open it, or may do so: of a process that waits to open some FIFO, but
 * does not let us see which (ptrace(2) would be refused), it is assumed. Of another user's process nothing can be seen.
 */
export function fifoUsers(dev: number, ino: number): number[] {
  const pids = readNumbers('/proc')
  // First: who stops waiting meanwhile, because the other end has come, has it open then.
  const waiting = pids.filter((pid) => threads(pid).some((tid) => mayWaitFor(pid, tid, dev, ino)))
  return [...new Set([...holders(dev, ino, pids).map(({ pid }) => pid), ...waiting])]
}

function mayWaitFor(pid: number, tid: number, dev: number, ino: number): boolean {
  const waits = () => readWchan(pid, tid) === 'wait_for_partner'
  if (!waits()) return false
  const opening = fileBeingOpened(pid, readSyscall(pid, tid))
  const stats = opening && statOrNothing(opening.seen)
  if (stats?.isFIFO()) return stats.dev === dev && stats.ino === ino
  // A path that leads to no FIFO (it was renamed, or is in another mount namespace) tells nothing. Nor does a thread that
  // has stopped waiting while we looked.
  return waits()
}
