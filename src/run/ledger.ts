/**
 * What we made that outlives us, written down so that a run killed with SIGKILL can be cleaned up by the next one: a record of
 * each thing, with the intent before it is made. Who removes it: sweep.ts.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemCallError } from '../errors.js'
import { bootId } from '../proc/boot.js'
import { readStat } from '../proc/stat.js'
import { type Entry, ledgerFolder, namespaces, uniqueName } from './ledger-files.js'
import type { Recorded, RecordedFifo, RecordedFile, RecordedQueue, RecordedSegment } from './recorded.js'
import { type Swept, sweep } from './sweep.js'

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
