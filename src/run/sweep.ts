/**
 * Removing what runs have left. A thing is only ever removed when it is provably the recorded one, its maker is dead or has let
 * it go, and nobody uses it. So the last of two terminals removes a FIFO, whichever of them made it.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { debug } from '../log.js'
import { bootId } from '../proc/boot.js'
import { isAlive } from '../proc/stat.js'
import { type Entry, ledgerFiles, livingMaker, namespaces, ownName, read } from './ledger-files.js'
import { type Found, find, nameOf, type Recorded, type RecordedQueue, removeDraft } from './recorded.js'

/** What became of a thing on record. */
export interface Swept {
  kind: Recorded['kind']
  name: string
  /** The pids of those who need it: it was left. None: it was removed. */
  users: number[]
}

/**
 * Removes what nobody needs any more. What is gone already, or is not what we made, is only struck off the record.
 *
 * While it looks for users and removes, a mark lies beside the records: who has come to hold a thing just now cannot tell
 * whether he was seen, and waits for the mark to go before he looks whether the thing is still there.
 */
export function sweep(): Swept[] {
  let marked: string | undefined
  const mark = (file: string) => {
    if (marked) return
    marked = join(dirname(file), `sweep-${ownName()}-0.mark`)
    try {
      writeFileSync(marked, '', { mode: 0o600 })
    } catch (error) {
      // On a full disk too things are removed, most of all there.
      debug({ err: error }, 'no mark for a sweep')
    }
  }
  try {
    return ledgerFiles().flatMap((file) => sweepOne(file, mark))
  } finally {
    if (marked) rmSync(marked, { force: true })
  }
}

function sweepOne(file: string, mark: (file: string) => void): Swept[] {
  const entry = read(file)
  const strikeOff = () => rmSync(file, { force: true })
  if (!entry || !file.endsWith('.json')) {
    // Left half written, or a mark, by a process that was killed. Of one that lives, the rest is yet to come.
    if (livingMaker(file) === undefined) strikeOff()
    return []
  }
  const { thing, maker, kept } = entry
  if (isElsewhere(entry)) return []
  const about = { kind: thing.kind, name: nameOf(thing) }
  let found: Found | undefined
  try {
    found = find(thing, maker)
  } catch (error) {
    // Whoever can find out will do it.
    debug({ err: error }, 'a recorded thing cannot be looked at')
    return []
  }
  if (isNeeded(entry)) return found && !kept ? [{ ...about, users: [maker.pid] }] : []
  removeDraft(thing)
  if (found && (kept || isKept(thing))) return []
  if (found) mark(file)
  const users = found?.users() ?? []
  if (users.length > 0) return [{ ...about, users }]
  // Its maker, or its last user, may have asked to keep it, and left, while we looked for users.
  if (found && (read(file)?.kept || isKept(thing))) return []
  const removed = found?.remove() ?? false
  strikeOff()
  return removed ? [{ ...about, users }] : []
}

/** Whether a user asked to keep a queue, on whichever record: it may be another one than its maker's. */
function isKept(thing: Recorded): boolean {
  return thing.kind === 'queue' && queueRecords(thing).some(({ kept }) => kept)
}

/** Whether this queue is removed when nobody uses it any more: it is on record, and nobody asked to keep it. */
export function isPassing(queue: Omit<RecordedQueue, 'kind'>): boolean {
  const records = queueRecords(queue)
  return records.length > 0 && !records.some(({ kept }) => kept)
}

function queueRecords({ name, identity }: Omit<RecordedQueue, 'kind'>): Entry[] {
  return ledgerFiles().flatMap((file) => {
    const entry = read(file)
    if (entry?.thing.kind !== 'queue' || entry.thing.name !== name) return []
    const { dev, ino } = entry.thing.identity ?? {}
    return dev === identity?.dev && ino === identity?.ino ? [entry] : []
  })
}

/** Whether another process is removing things now. */
export function othersSweep(): boolean {
  return ledgerFiles().some((file) => {
    if (!file.endsWith('.mark')) return false
    const pid = livingMaker(file)
    return pid !== undefined && pid !== process.pid
  })
}

/** What runs in other namespaces have recorded: whether their makers live cannot be told from here, so it is left alone. */
export function recordedElsewhere(): Pick<Swept, 'kind' | 'name'>[] {
  return ledgerFiles().flatMap((file) => {
    const entry = read(file)
    return entry && isElsewhere(entry) ? [{ kind: entry.thing.kind, name: nameOf(entry.thing) }] : []
  })
}

function isElsewhere({ maker }: Entry): boolean {
  return maker.boot === bootId() && maker.namespaces !== namespaces()
}

/** The ids of the segments on record: those that runs use now, and those that the user asked to keep. */
export function recordedSegments(): number[] {
  return ledgerFiles()
    .map(read)
    .flatMap((entry) => {
      const known =
        entry?.thing.kind === 'segment' && find(entry.thing, entry.maker) ? entry.thing.id : undefined
      return known ?? []
    })
}

function isNeeded({ released, maker }: Entry): boolean {
  return !released && maker.boot === bootId() && isAlive(maker.pid, maker.startTicks || undefined)
}
