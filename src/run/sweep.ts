/**
 * Removes what runs left behind. The folder of a dead run is removed, with the private objects in it. A recorded object is
 * removed only when it is proved to be the recorded one, its maker is dead or has released it, and no process uses it.
 */
import { fstatSync, lstatSync, realpathSync, rmSync, type Stats, unlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { errnoOf, SystemCallError, systemCallError } from '../errors.js'
import { isMarked, mark } from '../ipc/mark.js'
import { openIfThere, unlinkQueue } from '../ipc/posix-mq.js'
import { semaphoreAt, unlinkNamed } from '../ipc/posix-sem.js'
import { objectAt, unlinkObject } from '../ipc/posix-shm.js'
import { removeMessageQueue } from '../ipc/sysv-msg.js'
import { readSemaphore, removeSet } from '../ipc/sysv-sem.js'
import { removeSegment } from '../ipc/sysv-shm.js'
import { debug } from '../log.js'
import { holders } from '../proc/fds.js'
import { fifoUsers } from '../proc/fifo-users.js'
import { mappers, objectUsers } from '../proc/posix-shm.js'
import { messageQueueUsers, readMessageQueues } from '../proc/sysvipc-msg.js'
import { readSets, type SemaphoreSet, waiters } from '../proc/sysvipc-sem.js'
import { attachers, readSegments } from '../proc/sysvipc-shm.js'
import { type FoundRecord, filesIn, isDraft, knownRuns, readRecords, removeFromFolder } from './ledger.js'

/** An object that was removed or kept. */
export interface Swept {
  kind: FoundRecord['kind']
  /** A path, the name of a POSIX object, the key of a System V object, or `id N` of one without a key. */
  name: string
  /** The pids of the processes that use it, so it was kept. With none it was removed. */
  users: number[]
}

/**
 * Removes what no process needs. Of an object that no longer exists, or is another one, only the record is removed.
 *
 * @param refused is called where the kernel does not let this user remove an object; its record stays
 */
export function sweep(refused: (error: unknown, record: FoundRecord) => void = () => {}): Swept[] {
  return [...readRecords().flatMap((record) => sweepRecorded(record, refused)), ...sweepFolders()]
}

/** As `sweep`. @throws SystemCallError where an object of this run could not be removed */
export function sweepOwn(): Swept[] {
  const errors: unknown[] = []
  const isOwn = ({ run }: FoundRecord) =>
    run.state === 'alive' && basename(run.folder).startsWith(`run-${process.pid}-`)
  const swept = sweep((error, record) => void (isOwn(record) && errors.push(error)))
  if (errors.length > 0) throw errors[0]
  return swept
}

/** What users had a run keep and what still exists, such as the segment of `shm write`. */
export function keptForUser(): Pick<Swept, 'kind' | 'name'>[] {
  return readRecords().flatMap((record) => {
    const { kind, name, run, state } = record
    try {
      return state === 'kept' && run.state !== 'elsewhere' && find(record) ? [{ kind, name }] : []
    } catch (error) {
      debug({ err: error }, 'this run cannot look at a recorded object')
      return []
    }
  })
}

function sweepRecorded(record: FoundRecord, refused: (error: unknown, record: FoundRecord) => void): Swept[] {
  const { kind, name, id, run, state, file } = record
  if (run.state === 'elsewhere' || (run.state === 'alive' && state === 'needed')) return []
  const about = { kind, name: name === '0' ? `id ${id}` : name }
  try {
    const found = find(record)
    if (found && state === 'kept') return []
    const users = found?.users() ?? []
    if (users.length === 0) found?.remove()
    if (users.length === 0) removeFromFolder(file)
    return found ? [{ ...about, users }] : []
  } catch (error) {
    // Another run may have removed it at the same moment.
    if (isGone(record)) {
      removeFromFolder(file)
      return []
    }
    debug({ err: error }, 'this run cannot look at a recorded object, or cannot remove it')
    if (['EACCES', 'EPERM', 'EROFS'].includes(errnoIn(error) ?? ''))
      refused(systemCallError(error, `cannot remove the ${kind} ${about.name}`), record)
    return []
  }
}

function isGone(record: FoundRecord): boolean {
  try {
    return find(record) === undefined
  } catch {
    return false
  }
}

/** Removes the folders of dead runs that have no records, with their private objects and incomplete records. */
function sweepFolders(): Swept[] {
  const recorded = readRecords().map(({ run }) => run.folder)
  return knownRuns().flatMap(({ folder, state }) => {
    if (state === 'alive' || state === 'elsewhere' || recorded.includes(folder)) return []
    // What has the name of a record here is one that osdemo does not believe.
    const objects = filesIn(() => folder).filter(
      (entry) => entry.isFIFO() || !/\.json(\.new)?$/.test(entry.name),
    )
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch (error) {
      debug({ err: error }, 'this run cannot remove the folder of a dead run')
      return []
    }
    return objects.map((entry) => {
      const kind = entry.isFIFO() ? ('fifo' as const) : ('file' as const)
      return { kind, name: join(folder, entry.name), users: [] }
    })
  })
}

function errnoIn(error: unknown): string | undefined {
  return error instanceof SystemCallError ? error.errno : errnoOf(error)
}

/** The recorded object, where it still exists: which processes use it, and how to remove it. */
function find(record: FoundRecord): { users(): number[]; remove(): void } | undefined {
  if (record.kind === 'fifo' || record.kind === 'file') return findAtPath(record)
  // Kernel objects do not survive a boot, but another object may have the same number.
  if (record.run.state === 'before this boot') return undefined
  const isNamed = record.name.startsWith('/')
  if (record.kind === 'semaphore') return isNamed ? findNamed(record) : findSet(record)
  const queue = isNamed ? findQueue : findMessageQueue
  return { segment: findSegment, queue, object: findObject }[record.kind](record)
}

/** A file has a name that its maker gives to no other file. A FIFO has the mark of osdemo. */
function findAtPath({ kind, name: path, id, maker }: FoundRecord) {
  // lstat(2): osdemo has not created what a symbolic link leads to.
  const stats = lstatSync(path, { throwIfNoEntry: false })
  const isOurs =
    kind === 'file' ? stats?.isFile() && isDraft(path, maker) : stats?.isFIFO() && isMarked(stats)
  if (!stats || !isOurs || (id ?? stats.ino) !== stats.ino) return undefined
  return { users: () => fifoUsers(realpathSync(path), stats.ino), remove: () => unlinkSync(path) }
}

/** The kernel takes this time from a coarser clock, which may still show the second before. */
function isSince({ changed }: { changed: number }, since: number): boolean {
  return changed >= since - 1
}

function findSegment({ name, id, maker, since }: FoundRecord) {
  const segment = readSegments()?.find(
    (one) =>
      one.id === (id ?? one.id) &&
      one.key === Number(name) &&
      one.creatorPid === maker &&
      one.creatorUid === process.getuid?.() &&
      isSince(one, since),
  )
  if (!segment || segment.removed) return undefined
  // osdemo may not be allowed to look at a process that has it attached. Then only the last pid is known.
  const users = () => (segment.attached === 0 ? [] : attachers(segment.id, segment.lastPid))
  return { users, remove: () => removeSegment(segment.id) }
}

/** The kernel does not list the maker of a set, so osdemo marks its own. */
function findSet({ name, id, maker, since }: FoundRecord) {
  const set = readSets()?.find(
    (one) =>
      one.id === (id ?? one.id) &&
      one.key === Number(name) &&
      one.creatorUid === process.getuid?.() &&
      (one.mode & mark) !== 0 &&
      isSince(one, since) &&
      // Without an id and a key, only its maker can have used it.
      (id !== undefined || one.key !== 0 || readSemaphore(one.id, 0)?.lastUser === maker),
  )
  return set && { users: () => waitersOf(set), remove: () => removeSet(set.id) }
}

/** osdemo may not be allowed to see which processes wait. Then only the last pid is known. */
function waitersOf({ id, semaphores }: SemaphoreSet): number[] {
  const states = Array.from({ length: semaphores }, (_, number) => readSemaphore(id, number))
  const waitedFor = states.find((state) => state && state.waitForIncrease + state.waitForZero > 0)
  if (!waitedFor) return []
  const seen = waiters(id)
  return seen.length > 0 ? seen : [waitedFor.lastUser]
}

/** A queue has no path to look at. It is opened, and fstat(2) shows which one it is. */
function findQueue({ name, id, state }: FoundRecord) {
  const inodeOfOurs = () => {
    const queue = openIfThere(name, 'read')
    if (!queue) return undefined
    const stats = fstatSync(queue.fd)
    queue.close()
    // One that a user had a run keep has lost its mark.
    const isOurs =
      isMarked(stats) || (state === 'kept' && id !== undefined && stats.uid === process.getuid?.())
    return isOurs && (id ?? stats.ino) === stats.ino ? stats.ino : undefined
  }
  const ino = inodeOfOurs()
  if (ino === undefined) return undefined
  const users = () => [...new Set(holders(name, ino).map(({ pid }) => pid))]
  // Since the search for users, a process may have kept the queue, or removed it and created another.
  return { users, remove: () => inodeOfOurs() === ino && unlinkQueue(name) }
}

function findObject(record: FoundRecord) {
  const { name } = record
  const find = { at: () => objectAt(name), unlink: () => unlinkObject(name) }
  return findShared(record, { ...find, users: (which) => objectUsers(name, which) })
}

function findNamed(record: FoundRecord) {
  const { name } = record
  return findShared(record, {
    at: () => semaphoreAt(name),
    unlink: () => unlinkNamed(name),
    users: mappers,
  })
}

/**
 * Shared memory objects and named semaphores are files. Device and inode show which one it is. Until they are on record, the mark
 * shows that it is one of osdemo.
 */
function findShared(
  { id, device }: FoundRecord,
  file: {
    at(): Stats | undefined
    unlink(): void
    users(which: { device: number; ino: number }): number[]
  },
) {
  const look = () => {
    const stats = file.at()
    if (!stats || stats.uid !== process.getuid?.()) return undefined
    const isOurs = id === undefined ? isMarked(stats) : stats.ino === id && stats.dev === device
    return isOurs ? { device: stats.dev, ino: stats.ino } : undefined
  }
  const found = look()
  if (!found) return undefined
  // Since the search for users, a process may have removed it and created another.
  const remove = () => look()?.ino === found.ino && file.unlink()
  return { users: () => file.users(found), remove }
}

/** The kernel lists neither the maker of a System V queue nor its users: osdemo marks its own, and each run that uses one records it. */
function findMessageQueue({ name, id, since, state }: FoundRecord) {
  const queue = readMessageQueues()?.find(
    (one) =>
      one.id === (id ?? one.id) &&
      one.key === Number(name) &&
      one.creatorUid === process.getuid?.() &&
      // One that a user had a run keep has lost its mark.
      ((one.mode & mark) !== 0 || (state === 'kept' && id !== undefined)) &&
      // An id is not used again for long. The time is that of a segment.
      (id !== undefined || one.changed >= since - 1),
  )
  if (!queue) return undefined
  const isUser = (other: FoundRecord) =>
    other.kind === 'queue' &&
    other.name === name &&
    other.state === 'needed' &&
    other.run.state === 'alive' &&
    // Without an id, the run is just creating its queue.
    (other.id ?? queue.id) === queue.id
  const users = () => {
    const runs = readRecords().filter(isUser)
    return [...new Set([...runs.map(({ run }) => run.pid), ...messageQueueUsers(queue)])]
  }
  return { users, remove: () => removeMessageQueue(queue.id) }
}
