/** Pipes and FIFOs that are open: empty for a reader, full for a writer. */
import { pipeFill } from '../../ipc/pipe-fill.js'
import { type Access, type Holder, isOpenFor } from '../../proc/open-descriptors.js'
import type { OpenObject } from '../../proc/open-object.js'
import type { Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { type Step, waitOrEnd } from '../step.js'

export interface PipeBlocker extends Waking {
  kind: 'pipe'
  pid: number
  fd: number
  /** `reading`: it is empty. `writing`: it is full. */
  access: Access
  inode: number
  /** As /proc/PID/fd has it: `pipe:[INODE]`, or the path of a FIFO. */
  target: string
  /** Of a FIFO that still has a name. */
  path?: string
  /** Bytes in it, and its capacity; undefined where osdemo may not look, and for one that is watched. */
  fill?: { bytes: number; capacity: number }
  /** The descriptors of its other end. */
  holders: Holder[]
  /** How many processes there are whose descriptors cannot be seen. */
  hidden: number
  /** Whether it is one of the descriptors that a thread watches. */
  isWatched: boolean
}

export const opposite = { reading: 'writing', writing: 'reading' } as const

/** A thread in read(2) or write(2) of a pipe or FIFO. */
export function pipeEnd(
  world: World,
  pid: number,
  object: OpenObject & { dev: number },
  access: Access,
  isWatched: boolean,
): PipeBlocker {
  const { fd, dev, ino, target, path } = object
  const census = world.census()
  // The link of a pipe without a name has its inode number, and all such pipes are on one device.
  const all = target.startsWith('pipe:') ? census.ofTarget(target) : census.holders(dev, ino)
  const holders = all.filter((holder) => isOpenFor(opposite[access], census.info(holder)))
  const fill = isWatched ? undefined : pipeFill(pid, fd)
  // Only the program knows the format of what it sends to itself: a line from outside could break it.
  const isPrivate = isWatched && holders.every((holder) => holder.pid === pid)
  const way = path ?? `/proc/${pid}/fd/${fd}`
  const step: Step =
    access === 'reading'
      ? { do: 'write', path: way, ...(holders.length > 0 && { isForeign: true }) }
      : { do: 'read', path: way, bytes: fill?.bytes ?? 65_536 }
  return {
    kind: 'pipe',
    pid,
    fd,
    access,
    inode: ino,
    target,
    ...(path !== undefined && { path }),
    ...(fill && { fill }),
    holders,
    hidden: world.census().hidden,
    isWatched,
    wakers: [...new Set(holders.map((holder) => holder.pid))],
    // Without a process at the other end the call would not block: that process is hidden from this user.
    open: holders.length === 0,
    certain: true,
    steps: isPrivate ? [] : [step, ...others()],
  }
  /** A reader meets end of file when the last writer has exited. A writer gains nothing from the end of its reader. */
  function others(): Step[] {
    const writers = [...new Set(holders.map((holder) => holder.pid))].filter((holder) => holder !== pid)
    if (writers.length === 0) return []
    return access === 'reading' && !isWatched ? waitOrEnd(writers) : [{ do: 'wait' }]
  }
}
