/** The processes that use a FIFO: they have it open, or are blocked in open(2) until the other end is opened. */
import { holders } from './fds.js'
import { absolutePath } from './open-object.js'
import { fileBeingOpened } from './pending-open.js'
import { readPids } from './pids.js'
import { readSyscall } from './syscall.js'
import { readWchan, threads } from './task.js'

/**
 * The pids of the processes that have this FIFO open, or are blocked in opening it. A blocked process has no descriptor yet, only
 * the path that it passed to open(2), which is compared as text. Where that path cannot be read, it is taken for this FIFO. A process
 * that opens the FIFO through a symbolic link is not found. Processes of other users are not visible.
 *
 * @param path absolute and without symbolic links
 */
export function fifoUsers(path: string, ino: number): number[] {
  const pids = readPids()
  // These are read first: a process that wakes up after that has the FIFO open, so it is found among the holders.
  const waiting = pids.filter((pid) => threads(pid).some((tid) => mayWaitFor(pid, tid, path)))
  return [...new Set([...holders(path, ino, pids).map(({ pid }) => pid), ...waiting])]
}

function mayWaitFor(pid: number, tid: number, path: string): boolean {
  const waits = () => readWchan(pid, tid) === 'wait_for_partner'
  const opening = waits() && fileBeingOpened(pid, readSyscall(pid, tid))
  if (!opening) return opening === undefined && waits()
  return absolutePath(pid, `${Buffer.from(opening.path, 'latin1')}`, opening.base) === path
}
