/**
 * Removing what runs have left. The folder of a dead run goes, and the private objects in it. A thing on record is removed only
 * when it is provably the recorded one, its maker is dead or has released it, and nobody uses it.
 */
import { fstatSync, lstatSync, realpathSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isMarked } from '../ipc/mark.js'
import { openIfThere, unlinkQueue } from '../ipc/posix-mq.js'
import { removeSegment } from '../ipc/sysv-shm.js'
import { debug } from '../log.js'
import { holders } from '../proc/fds.js'
import { fifoUsers } from '../proc/fifo-users.js'
import { attachers, readSegments } from '../proc/sysvipc-shm.js'
import { type FoundRecord, filesIn, knownRuns, readRecords, removeFromFolder } from './ledger.js'

/** What became of a thing. */
export interface Swept {
  kind: FoundRecord['kind']
  /** A path, the name of a queue, or the key of a segment; of one without a key, its id. */
  name: string
  /** The pids of those who use it: it was kept. None: it was removed. */
  users: number[]
}

/** Removes what nobody needs any more. A record of what is gone already, or is not what we made, is only struck off. */
export function sweep(): Swept[] {
  return [...readRecords().flatMap(sweepRecorded), ...sweepFolders()]
}

function sweepRecorded(record: FoundRecord): Swept[] {
  const { kind, name, id, run, state, file } = record
  if (run.state === 'elsewhere' || (run.state === 'alive' && state === 'needed')) return []
  const about = { kind, name: kind === 'segment' && name === '0' ? `id ${id}` : name }
  try {
    const found = find(record)
    if (found && state === 'kept') return []
    const users = found?.users() ?? []
    if (users.length === 0) found?.remove()
    if (users.length === 0) removeFromFolder(file)
    return found ? [{ ...about, users }] : []
  } catch (error) {
    debug({ err: error }, 'a recorded thing cannot be looked at, or removed, by this run')
    return []
  }
}

/** The folders of dead runs that have nothing on record any more, with their private objects and remains of records. */
function sweepFolders(): Swept[] {
  const recorded = readRecords().map(({ run }) => run.folder)
  return knownRuns().flatMap(({ folder, state }) => {
    if (state === 'alive' || state === 'elsewhere' || recorded.includes(folder)) return []
    const fifos = filesIn(() => folder).filter((entry) => entry.isFIFO())
    rmSync(folder, { recursive: true, force: true })
    return fifos.map((entry) => ({ kind: 'fifo' as const, name: join(folder, entry.name), users: [] }))
  })
}

/** The recorded thing where it is there: who uses it, and how to remove it. */
function find(record: FoundRecord): { users(): number[]; remove(): void } | undefined {
  if (record.kind === 'fifo' || record.kind === 'file') return findAtPath(record)
  // Kernel objects do not survive a boot, but their numbers come again.
  if (record.run.state === 'before this boot') return undefined
  return record.kind === 'segment' ? findSegment(record) : findQueue(record)
}

/** A file has a name that nobody else would use; a FIFO has the mark of osdemo. */
function findAtPath({ kind, name: path, id }: FoundRecord) {
  // Not what a symbolic link leads to: we have not made that.
  const stats = lstatSync(path, { throwIfNoEntry: false })
  const isOurs = kind === 'file' ? stats?.isFile() : stats?.isFIFO() && isMarked(stats)
  if (!stats || !isOurs || (id ?? stats.ino) !== stats.ino) return undefined
  return { users: () => fifoUsers(realpathSync(path), stats.ino), remove: () => unlinkSync(path) }
}

function findSegment({ name, id, maker, since }: FoundRecord) {
  const segment = readSegments()?.find(
    (one) =>
      one.id === (id ?? one.id) &&
      one.key === Number(name) &&
      one.creatorPid === maker &&
      one.creatorUid === process.getuid?.() &&
      // The kernel's clock ticks: its second may be the one before ours.
      one.changed >= since - 1,
  )
  if (!segment || segment.removed) return undefined
  // Of a process that has it attached and may not be looked at, only the last pid is known.
  const users = () => (segment.attached === 0 ? [] : attachers(segment.id, segment.lastPid))
  return { users, remove: () => removeSegment(segment.id) }
}

/** A queue has no path that could be looked at: it is opened, and fstat(2) tells which one it is. */
function findQueue({ name, id }: FoundRecord) {
  const inodeOfOurs = () => {
    const queue = openIfThere(name, 'read')
    if (!queue) return undefined
    const stats = fstatSync(queue.fd)
    queue.close()
    return isMarked(stats) && (id ?? stats.ino) === stats.ino ? stats.ino : undefined
  }
  const ino = inodeOfOurs()
  if (ino === undefined) return undefined
  const users = () => [...new Set(holders(name, ino).map(({ pid }) => pid))]
  // While we looked for users, somebody may have asked to keep it, or have removed it and made another.
  return { users, remove: () => inodeOfOurs() === ino && unlinkQueue(name) }
}
