/** The kinds of things that the ledger knows: how to tell ours from every other, who uses it, how to remove it. */
import { fstatSync, lstatSync, realpathSync, type Stats, unlinkSync } from 'node:fs'
import { OsdemoError } from '../errors.js'
import type { Queue, QueueIdentity } from '../ipc/open-mq.js'
import { isUnfinished, openQueue, unlinkQueue } from '../ipc/posix-mq.js'
import { removeSegment } from '../ipc/sysv-shm.js'
import { bootId } from '../proc/boot.js'
import { holders } from '../proc/fds.js'
import { fifoUsers } from '../proc/fifo-users.js'
import { attachers, readSegments } from '../proc/sysvipc-shm.js'

/** Who made a thing. Its start time and the boot tell it from another process that was given its pid. */
export interface Maker {
  pid: number
  startTicks: number
  boot: string
  /** Its namespaces of pids and System V objects: a process of others cannot tell whether it lives, or what it made. */
  namespaces: string
}

export interface RecordedFifo {
  kind: 'fifo'
  path: string
  /** Where it is made before it gets its path: a name that nobody else would use, so what lies there is ours. */
  draft: string
  /** Missing until it has been made; it gets its path only then. An inode number may be given again, so its birth belongs to it. */
  identity?: { dev: number; ino: number; birthtimeMs: number }
}

export interface RecordedSegment {
  kind: 'segment'
  /** 0 when it is made without one. */
  key: number
  /** Missing until it has been made. */
  id?: number
  /** The pid of who makes it: the kernel remembers that. */
  creator: number
  /** Seconds since 1970: what is older was not made by us. */
  since: number
}

/** A file that is written under a name that nobody else would use, and renamed when it is whole. */
export interface RecordedFile {
  kind: 'file'
  draft: string
}

export interface RecordedQueue {
  kind: 'queue'
  name: string
  /** Missing until it has been made. */
  identity?: QueueIdentity
}

export type Recorded = RecordedFifo | RecordedSegment | RecordedQueue | RecordedFile

/** A thing of ours that is there. */
export interface Found {
  users(): number[]
  /** False when somebody else has removed it just now. */
  remove(): boolean
}

/** How events name it: a path, the name of a queue, or the key of a segment; of one without a key, its id. */
export function nameOf(thing: Recorded): string {
  if (thing.kind === 'fifo') return thing.path
  if (thing.kind === 'file') return thing.draft
  if (thing.kind === 'queue') return thing.name
  return thing.key === 0 ? `id ${thing.id}` : `${thing.key}`
}

/** Removes what lies where the thing was made, before it got its name. */
export function removeDraft(thing: Recorded): void {
  if (thing.kind === 'fifo' && look(thing.draft)?.isFIFO()) unlink(thing.draft)
}

/**
 * What a record is about, where it is still there and is what the record says.
 *
 * @throws OsdemoError where that cannot be found out now: without FFI, or with too many files open
 */
export function find(thing: Recorded, maker: Maker): Found | undefined {
  switch (thing.kind) {
    case 'fifo':
      return findFifo(thing)
    case 'segment':
      return findSegment(thing, maker)
    case 'queue':
      return findQueue(thing, maker)
    case 'file':
      return findUnfinished(thing)
  }
}

function findFifo({ path, identity }: RecordedFifo): Found | undefined {
  const stats = look(path)
  const ours =
    stats?.dev === identity?.dev &&
    stats?.ino === identity?.ino &&
    stats?.birthtimeMs === identity?.birthtimeMs
  if (!stats?.isFIFO() || stats.uid !== process.getuid!() || !ours) return undefined
  return {
    users: () => fifoUsers(realpathSync(path), stats.ino),
    remove: () => isStill(path, stats) && unlink(path),
  }
}

/** Nobody else would use its name. */
function findUnfinished({ draft }: RecordedFile): Found | undefined {
  return look(draft)?.isFile() ? { users: () => [], remove: () => unlink(draft) } : undefined
}

function findSegment({ key, id, creator, since }: RecordedSegment, maker: Maker): Found | undefined {
  // Segments do not survive a boot, but their ids come again.
  if (maker.boot !== bootId()) return undefined
  const segment = readSegments()?.find(
    (one) =>
      (id ?? one.id) === one.id &&
      one.key === key &&
      one.creatorPid === creator &&
      // The kernel's clock ticks: its second may be the one before ours.
      one.changed >= since - 1 &&
      one.creatorUid === process.getuid!(),
  )
  if (!segment || segment.removed) return undefined
  return {
    // Who has it attached and may not be looked at is known by the last pid only.
    users: () => (segment.attached === 0 ? [] : attachers(segment.id, segment.lastPid)),
    remove() {
      try {
        removeSegment(segment.id)
        return true
      } catch {
        return false
      }
    },
  }
}

/** A queue has no path that could be looked at: it is opened, and fstat(2) tells which one it is. */
function findQueue({ name, identity }: RecordedQueue, maker: Maker): Found | undefined {
  // Queues do not survive a boot, but the numbers of their inodes come again.
  if (maker.boot !== bootId()) return undefined
  const isOurs = (queue: Queue) => {
    const { dev, ino, uid } = fstatSync(queue.fd)
    const same = identity ? dev === identity.dev && ino === identity.ino : isUnfinished(queue)
    return same && uid === process.getuid!() ? { dev, ino } : undefined
  }
  const found = lookInto(name, isOurs)
  if (!found) return undefined
  return {
    users: () => [...new Set(holders(name, found.ino).map(({ pid }) => pid))],
    remove() {
      // Since we looked for users, somebody else may have removed it, and made another.
      if (lookInto(name, isOurs)?.ino !== found.ino) return false
      try {
        unlinkQueue(name)
        return true
      } catch {
        return false
      }
    },
  }
}

/** Opens a queue to look at it; undefined when there is none, or it is closed to us: what we make never is. */
function lookInto<T>(name: string, look: (queue: Queue) => T): T | undefined {
  let queue: Queue
  try {
    queue = openQueue(name, 'read', { nonblocking: true })
  } catch (error) {
    if (error instanceof OsdemoError && ['ENOENT', 'EACCES'].includes(error.errno ?? '')) return undefined
    throw error
  }
  try {
    return look(queue)
  } finally {
    queue.close()
  }
}

/** Since we looked for users, somebody else may have removed it, and made another. */
function isStill(path: string, { dev, ino }: Stats): boolean {
  const stats = look(path)
  return stats?.dev === dev && stats.ino === ino
}

/** lstat: a symbolic link that somebody has put there is not what we made, wherever it leads. */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** Two sweeps at once may both come here: only the one whose unlink(2) succeeds has removed it. */
function unlink(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch {
    return false
  }
}
