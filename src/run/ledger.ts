/**
 * What we made that outlives us, written down so that a run killed with SIGKILL can be cleaned up by the next one: one small
 * file for each thing in the runtime folder, with the intent before it is made.
 *
 * A thing is only ever removed when it is provably the recorded one, its maker is dead or has let it go, and nobody uses
 * it. So the last of two terminals removes a FIFO, whichever of them made it.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { systemCallError } from '../errors.js'
import { debug } from '../log.js'
import { bootId } from '../proc/boot.js'
import { isAlive, readStat } from '../proc/stat.js'
import {
  type Found,
  find,
  type Maker,
  nameOf,
  type Recorded,
  type RecordedFifo,
  type RecordedFile,
  type RecordedQueue,
  type RecordedSegment,
  removeDraft,
} from './recorded.js'
import { runtimeFolder } from './runtime-folder.js'

interface Entry {
  thing: Recorded
  maker: Maker
  /** The maker does not need it any more. */
  released: boolean
  /** The user asked to keep it: it is not ours to remove. */
  kept: boolean
}

/** What the ledger says of one thing. */
export interface Page<Thing extends Recorded> {
  thing: Readonly<Thing>
  /** It has been made: what to know it by from now on. */
  made(identity: Partial<Thing>): void
  /** Nothing was made after all, or it is gone. */
  forget(): void
  /** The maker needs it no more; it is removed now, or by whoever uses it last. Returns what `sweep` does. */
  release(): Swept[]
  /** It stays until the user removes it. */
  keep(): void
}

/** What became of a thing on record. */
export interface Swept {
  kind: Recorded['kind']
  name: string
  /** The pids of those who need it: it was left. None: it was removed. */
  users: number[]
}

function ledgerFolder(): string {
  return join(runtimeFolder(), 'ledger')
}

/** Of pids and of System V objects: namespaces(7). */
function namespaces(): string {
  try {
    return ['pid', 'ipc'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`)).join(' ')
  } catch {
    return ''
  }
}

/** A name that nobody else uses now or will use. */
function uniqueName(): string {
  return `${process.pid}-${process.hrtime.bigint()}`
}

/** Writes down that a FIFO is about to be made at this path, an absolute one: the next run may start elsewhere. */
export function recordFifo(path: string): Page<RecordedFifo> {
  return record({ kind: 'fifo', path, draft: draftFor(path) })
}

/** Writes down that a file is about to be written, which gets this absolute path when it is whole. */
export function recordFile(path: string): Page<RecordedFile> {
  return record({ kind: 'file', draft: draftFor(path) })
}

function draftFor(path: string): string {
  return join(dirname(path), `.osdemo-${uniqueName()}`)
}

/**
 * Writes down that a process is about to make a segment.
 *
 * @param key 0 makes one without
 * @param creator the pid of that process
 */
export function recordSegment(key: number, creator = process.pid): Page<RecordedSegment> {
  return record({ kind: 'segment', key, creator, since: Math.floor(Date.now() / 1000) })
}

/** Writes down that a queue of this name is about to be made. */
export function recordQueue(name: string): Page<RecordedQueue> {
  return record({ kind: 'queue', name })
}

function record<Thing extends Recorded>(thing: Thing): Page<Thing> {
  const folder = ledgerFolder()
  const file = join(folder, `${thing.kind}-${uniqueName()}.json`)
  const maker = {
    pid: process.pid,
    startTicks: readStat(process.pid)?.startTicks ?? 0,
    boot: bootId(),
    namespaces: namespaces(),
  }
  const entry: Entry & { thing: Thing } = { thing, maker, released: false, kept: false }
  const write = () => {
    // Renamed into place: whoever sweeps at this moment never reads half of it.
    const unfinished = file.replace(/json$/, 'new')
    writeFileSync(unfinished, JSON.stringify(entry), { mode: 0o600 })
    renameSync(unfinished, file)
  }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    write()
  } catch (error) {
    throw systemCallError(error, `cannot keep records in ${folder}`)
  }
  return {
    thing,
    made(identity) {
      Object.assign(thing, identity)
      write()
    },
    forget: () => rmSync(file, { force: true }),
    release() {
      entry.released = true
      write()
      return sweep()
    },
    keep() {
      entry.kept = true
      write()
    },
  }
}

/**
 * Removes what nobody needs any more. What is gone already, or is not what we made, is only struck off the record.
 *
 * While it looks for users and removes, a mark lies beside the records: who has come to hold a thing just now cannot tell
 * whether he was seen, and waits for the mark to go before he looks whether the thing is still there.
 */
export function sweep(): Swept[] {
  const marked = new Set<string>()
  const mark = (file: string) => {
    if (marked.size > 0) return
    const path = join(dirname(file), `sweep-${process.pid}-0.mark`)
    marked.add(path)
    try {
      writeFileSync(path, '', { mode: 0o600 })
    } catch (error) {
      // On a full disk too things are removed, most of all there.
      debug({ err: error }, 'no mark for a sweep')
    }
  }
  try {
    return ledgerFiles().flatMap((file) => sweepOne(file, mark))
  } finally {
    for (const path of marked) rmSync(path, { force: true })
  }
}

function sweepOne(file: string, mark: (file: string) => void): Swept[] {
  const entry = read(file)
  const strikeOff = () => rmSync(file, { force: true })
  if (!entry || !file.endsWith('.json')) {
    // Left half written, or a mark, by a process that was killed. Of one that lives, the rest is yet to come.
    if (!isAlive(pidIn(file))) strikeOff()
    return []
  }
  const { thing, maker, kept } = entry
  if (maker.boot === bootId() && maker.namespaces !== namespaces()) return []
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
    const pid = pidIn(file)
    return file.endsWith('.mark') && pid !== process.pid && isAlive(pid)
  })
}

/** The pid in the name of a record or a mark, as `uniqueName` puts it there. */
function pidIn(file: string): number {
  return Number(file.match(/-(\d+)-[^/-]*$/)?.[1])
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

/** None where there is no ledger, or no runtime folder that we may trust: then we made nothing there either. */
function ledgerFiles(): string[] {
  try {
    const folder = ledgerFolder()
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name))
  } catch {
    return []
  }
}

/** What the file records; undefined when it is not (yet) a record of ours. */
function read(file: string): Entry | undefined {
  try {
    const entry: Partial<Entry> | null = JSON.parse(readFileSync(file, 'utf8'))
    return isRecorded(entry?.thing) && typeof entry?.maker?.pid === 'number' ? (entry as Entry) : undefined
  } catch {
    return undefined
  }
}

function isRecorded(thing: Partial<Recorded> | undefined): boolean {
  if (thing?.kind === 'queue') return typeof thing.name === 'string' && isIdentity(thing.identity)
  if (thing?.kind === 'segment') return [thing.key, thing.creator, thing.since].every(Number.isInteger)
  if (thing?.kind === 'file') return typeof thing.draft === 'string'
  return thing?.kind === 'fifo' && typeof thing.path === 'string' && typeof thing.draft === 'string'
}

function isIdentity(identity: RecordedQueue['identity']): boolean {
  return identity === undefined || [identity?.dev, identity?.ino].every(Number.isInteger)
}

function isNeeded({ released, maker }: Entry): boolean {
  return !released && maker.boot === bootId() && isAlive(maker.pid, maker.startTicks || undefined)
}
