/**
 * Who uses a FIFO: who has it open, and who waits in open(2) for its other end. The latter has no descriptor yet, so
 * there is only the path that it gave to the kernel: an argument of its system call, in its own memory. As in fds.ts, no path of
 * another process is followed.
 */
import { holders } from './fds.js'
import { pathBeingOpened } from './pending-open.js'
import { readNumbers } from './read.js'
import { readSyscall } from './syscall.js'
import { readWchan, threads } from './task.js'

/**
 * The pids of those who have this FIFO open, wait to open it, or may do so: of a process that waits to open some FIFO, but
 * does not let us see which (ptrace(2) would be refused), it is assumed. Who waits to open it through a symbolic link is not
 * seen, and of another user's process nothing can be seen.
 *
 * @param path absolute and without symbolic links
 */
export function fifoUsers(path: string, ino: number): number[] {
  const pids = readNumbers('/proc')
  // First: who stops waiting meanwhile, because the other end has come, has it open then.
  const waiting = pids.filter((pid) => threads(pid).some((tid) => mayWaitFor(pid, tid, path)))
  return [...new Set([...holders(path, ino, pids).map(({ pid }) => pid), ...waiting])]
}

function mayWaitFor(pid: number, tid: number, path: string): boolean {
  const waits = () => readWchan(pid, tid) === 'wait_for_partner'
  if (!waits()) return false
  const opening = pathBeingOpened(pid, readSyscall(pid, tid))
  // A thread that has stopped waiting while we looked tells nothing.
  return opening === undefined ? waits() : opening === path
}
