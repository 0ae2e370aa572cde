/**
 * What the ledger is made of: one small file for each thing, in the folder `ledger` of the runtime folder. ledger.ts writes
 * them, sweep.ts goes through them.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownNamespace } from '../proc/links.js'
import { isAlive, readStat } from '../proc/stat.js'
import type { Maker, Recorded, RecordedQueue } from './recorded.js'
import { runtimeFolder } from './runtime-folder.js'

export interface Entry {
  thing: Recorded
  maker: Maker
  /** The maker does not need it any more. */
  released: boolean
  /** The user asked to keep it: it is not ours to remove. */
  kept: boolean
}

export function ledgerFolder(): string {
  return join(runtimeFolder(), 'ledger')
}

/** Of pids and of System V objects: namespaces(7). */
export function namespaces(): string {
  const [pid, ipc] = [ownNamespace('pid'), ownNamespace('ipc')]
  return pid === undefined || ipc === undefined ? '' : `${pid} ${ipc}`
}

/** The pid and the start time of this process, in clock ticks since boot; 0 where there is no /proc. */
export function ownName(): string {
  return `${process.pid}-${readStat(process.pid)?.startTicks ?? 0}`
}

/** A name that nobody else uses now or will use. */
export function uniqueName(): string {
  return `${ownName()}-${process.hrtime.bigint()}`
}

/** The process whose `ownName` stands last but one in the name of a record or a mark; undefined once it is gone. */
export function livingMaker(file: string): number | undefined {
  const [, pid, startTicks] = (/-(\d+)-(\d+)-[^/-]*$/.exec(file) ?? []).map(Number)
  return pid !== undefined && isAlive(pid, startTicks || undefined) ? pid : undefined
}

/** None where there is no ledger, or no runtime folder that we may trust: then we made nothing there either. */
export function ledgerFiles(): string[] {
  try {
    const folder = ledgerFolder()
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name))
  } catch {
    return []
  }
}

/** What the file records; undefined when it is not (yet) a record of ours. */
export function read(file: string): Entry | undefined {
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
