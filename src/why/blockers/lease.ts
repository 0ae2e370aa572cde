/** open(2) and truncate(2) of a file on which another process has a lease: fcntl(2), F_SETLEASE. */
import { leaseBreakTime, lockFile } from '../../proc/locks.js'
import { fileBeingOpened, fileOf } from '../../proc/pending-open.js'
import type { Syscall } from '../../proc/syscall.js'
import { noWaker, type Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { waitOrEnd } from '../step.js'

export interface LeaseBlocker extends Waking {
  kind: 'lease'
  /** The path as the process gave it to the kernel; undefined where it cannot be read. */
  argument?: string
  /** The processes that have a lease on it, as the kernel lists them. */
  holders: number[]
  /** After so many seconds the kernel takes the lease away; 0 where it never does. Undefined where it cannot be read. */
  breakTime?: number
}

/** A thread that the kernel function __break_lease blocks. */
export function leaseWait(world: World, pid: number, call: Syscall): LeaseBlocker {
  const opening = fileBeingOpened(pid, call)
  const stats = opening && fileOf(pid, opening)
  const file = typeof stats === 'object' ? lockFile(stats) : undefined
  const holders = world
    .locks()
    .filter((lock) => lock.kind === 'LEASE' && lock.file === file && lock.pid > 0)
    .map((lock) => lock.pid)
  const breakTime = leaseBreakTime()
  const wakers = [...new Set(holders)]
  return {
    kind: 'lease',
    ...(opening && { argument: Buffer.from(opening.path, 'latin1').toString() }),
    holders: wakers,
    ...(breakTime !== undefined && { breakTime }),
    ...noWaker,
    wakers,
    open: breakTime !== 0 || wakers.length === 0,
    steps: waitOrEnd(wakers.filter((waker) => waker !== pid)),
  }
}
