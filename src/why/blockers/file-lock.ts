/** File locks: flock(2), and fcntl(2) with F_SETLKW. */
import { type FileLock, lockFile, lockHolders } from '../../proc/locks.js'
import type { Holder } from '../../proc/open-descriptors.js'
import { openObject } from '../../proc/open-object.js'
import type { Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { waitOrEnd } from '../step.js'

export interface FileLockBlocker extends Waking {
  kind: 'file-lock'
  /** The file's path, or `MAJOR:MINOR:INODE` where none is known. */
  file: string
  /** The lock that it waits for, and the one in its way. */
  wanted: FileLock
  held: FileLock
  /** The descriptors that hold it, or a shared lock beside it; none for a lock of fcntl(2), which belongs to a process. */
  holders: (Holder & { lock: FileLock })[]
  /** Whether several locks are in its way: all of them must be unlocked. */
  isSeveral: boolean
}

/**
 * A process that waits for a file lock; undefined where /proc/locks does not list it.
 *
 * @param fd where it is known
 * @param isOpenFileLock whether it waits for a lock of an open file description. The kernel lists those without a pid, so the
 *   file tells which one is meant
 */
export function fileLock(
  world: World,
  pid: number,
  fd?: number,
  isOpenFileLock = false,
): FileLockBlocker | undefined {
  const locks = world.locks()
  const object = fd === undefined ? undefined : openObject(pid, fd)
  const file = object?.dev === undefined ? undefined : lockFile({ dev: object.dev, ino: object.ino })
  const wanted = locks.find((lock) => {
    if (!lock.waits) return false
    return isOpenFileLock ? lock.kind === 'OFDLCK' && lock.file === file : lock.pid === pid
  })
  const held = wanted && locks.find((lock) => lock.id === wanted.id && !lock.waits)
  if (!wanted || !held) return undefined
  const all = holdersOf(world, held)
  const holders = all.filter((holder) => holder.pid !== pid)
  const inTheWay = held.kind === 'POSIX' ? locks.filter((lock) => excludes(lock, wanted)) : [held]
  const owners = inTheWay.flatMap((lock) => takers(lock, holders.length, pid))
  const others = [...new Set([...holders.map((holder) => holder.pid), ...owners])]
  // Through another descriptor a process can be in its own way.
  const wakers = others.length === 0 && all.length > 0 ? [pid] : others
  return {
    kind: 'file-lock',
    file: object?.path ?? object?.target ?? wanted.file,
    wanted,
    held,
    holders,
    isSeveral: new Set([...holders.map(({ lock }) => lock.pid), ...owners]).size > 1,
    wakers,
    open: wakers.length === 0,
    certain: true,
    steps: waitOrEnd(others),
  }
}

/** The fdinfo of a descriptor lists the locks of flock(2) and of its open file description. */
function holdersOf(world: World, held: FileLock): FileLockBlocker['holders'] {
  return held.kind === 'POSIX' ? [] : lockHolders(held, world.census().pids)
}

/** Whether a record lock that is held excludes the one that is wanted: both cover a byte, and one is exclusive. */
function excludes(held: FileLock, wanted: FileLock): boolean {
  const end = ({ to }: FileLock) => (to === 'EOF' ? Number.POSITIVE_INFINITY : Number(to))
  return (
    !held.waits &&
    held.kind === wanted.kind &&
    held.file === wanted.file &&
    Number(held.from) <= end(wanted) &&
    Number(wanted.from) <= end(held) &&
    (held.access === 'WRITE' || wanted.access === 'WRITE')
  )
}

/** For a lock of fcntl(2) the kernel names its owner; for others the process that took it, which may have closed the file since. */
function takers(held: FileLock, seen: number, pid: number): number[] {
  return (held.kind === 'POSIX' || seen === 0) && held.pid > 0 && held.pid !== pid ? [held.pid] : []
}
