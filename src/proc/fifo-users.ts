/** Who uses a FIFO: who has it open, and who waits in open(2) for its other end. */
import { holders } from './fds.js'
import { absolutePath } from './open-object.js'
import { fileBeingOpened } from './pending-open.js'
import { readPids } from './pids.js'
import { readSyscall } from './syscall.js'
import { readWchan, threads } from './task.js'

/**
 * The pids of those who have this FIFO open, or wait to open it. The latter have no descriptor yet: there is only the path that they
 * gave to the kernel. It is compared as text. Where it cannot be seen, it is assumed to be this one; who opens it through a symbolic
 * link is not seen waiting. Of another user's processes nothing is seen.
 *
 * @param path absolute and without symbolic links
 */
export function fifoUsers(path: string, ino: number): number[] {
  const pids = readPids()
  // First: a process that stops waiting meanwhile, because the other end has come, has it open then.
  const waiting = pids.filter((pid) => threads(pid).some((tid) => mayWaitFor(pid, tid, path)))
  return [...new Set([...holders(path, ino, pids).map(({ pid }) => pid), ...waiting])]
}

function mayWaitFor(pid: number, tid: number, path: string): boolean {
  const waits = () => readWchan(pid, tid) === 'wait_for_partner'
  const opening = waits() && fileBeingOpened(pid, readSyscall(pid, tid))
  if (!opening) return opening === undefined && waits()
  return absolutePath(pid, `${Buffer.from(opening.path, 'latin1')}`, opening.base) === path
}
