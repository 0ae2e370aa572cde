/**
 * Each run has a folder, by whose name other runs can tell whether it is alive. In it are the private objects of the run, such as
 * the FIFOs of a demo, and a record of each thing that it makes elsewhere: the intent before it is made, its identity afterwards.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemCallError } from '../errors.js'
import { bootId } from '../proc/boot.js'
import { ownNamespaces } from '../proc/links.js'
import { isAlive, readStat } from '../proc/stat.js'
import { runtimeFolder } from './runtime-folder.js'

/** In which boot and which namespaces the pid and the start time in the name of a folder mean anything. */
const ownBoot = () => bootId().slice(0, 4) || '0'

/** The folder of this run, made when it is missing. @throws DemoFailed, SystemCallError */
export function runFolder(): string {
  // Short, because demos print it.
  const start = (readStat(process.pid)?.startTicks ?? 0).toString(36)
  const name = ['run', process.pid, start, ownBoot(), ownNamespaces()].join('-').replace(/-0\.3$/, '')
  const folder = join(runtimeFolder(), name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

export interface Run {
  folder: string
  /** `elsewhere`: in other namespaces than ours, so whether it is alive, and what it has made, cannot be seen from here. */
  state: 'alive' | 'dead' | 'before this boot' | 'elsewhere'
}

/** The runs that have a folder, this one included. None where there is no runtime folder that we may trust. */
export function knownRuns(): Run[] {
  return filesIn(runtimeFolder).flatMap((entry) => {
    const match = entry.isDirectory() && /^run-(\d+)-(\w+)-(\w+)(?:-([-\d.]+))?$/.exec(entry.name)
    if (!match) return []
    const [, pid, start = '0', boot, namespaces = '0.3'] = match
    const hereState = isAlive(Number(pid), Number.parseInt(start, 36) || undefined) ? 'alive' : 'dead'
    const bootState = namespaces === ownNamespaces() ? hereState : 'elsewhere'
    const state = boot === ownBoot() ? bootState : 'before this boot'
    return [{ folder: join(entry.parentPath, entry.name), state }]
  })
}

/** What lies in a folder; nothing where there is none. */
export function filesIn(folder: () => string) {
  try {
    return readdirSync(folder(), { withFileTypes: true })
  } catch {
    return []
  }
}

const kinds = ['segment', 'queue', 'fifo', 'file'] as const
const states = ['needed', 'released', 'kept'] as const
export interface LedgerRecord {
  kind: (typeof kinds)[number]
  /** An absolute path, the name of a queue, or the key of a segment, 0 for none. */
  name: string
  /** The id of a segment, or an inode number. Missing until the thing has been made. */
  id?: number | undefined
  /** The pid of the process that makes it. */
  maker: number
  /** Seconds since 1970: a segment that is older was not made by us. */
  since: number
  state: (typeof states)[number]
}

export type LedgerEntry = ReturnType<typeof record>

/** Records that a process is about to make a thing. @throws SystemCallError where that cannot be written down */
export function record(kind: LedgerRecord['kind'], name: string, maker = process.pid) {
  const file = join(runFolder(), `${process.hrtime.bigint()}.json`)
  const content: LedgerRecord = { kind, name, maker, since: Math.floor(Date.now() / 1000), state: 'needed' }
  const write = (change: Partial<LedgerRecord>) => {
    Object.assign(content, change)
    try {
      // Renamed into place: a run that sweeps at this moment never reads half of it.
      writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    } catch (error) {
      throw systemCallError(error, `cannot keep records in ${dirname(file)}`)
    }
  }
  write({})
  return {
    /** It has been made, and this is what to know it by. */
    made: (id: number) => write({ id }),
    /** Nothing was made after all, or it is gone. */
    forget: () => removeFromFolder(file),
    /** The maker needs it no more: the next `sweep` that finds it unused removes it. */
    release: () => content.state === 'kept' || write({ state: 'released' }),
    /** It stays until the user removes it. */
    keep: () => write({ state: 'kept' }),
  }
}

/** Removes a file of a run's folder, and that folder with the last one. */
export function removeFromFolder(file: string): void {
  rmSync(file, { force: true })
  try {
    rmdirSync(dirname(file))
  } catch {
    // Something else is in it, or another run was first.
  }
}

export type FoundRecord = LedgerRecord & { file: string; run: Run }

/** All records of all runs. */
export function readRecords(): FoundRecord[] {
  return knownRuns().flatMap((run) =>
    filesIn(() => run.folder).flatMap((entry) => {
      const file = join(run.folder, entry.name)
      const content = entry.isFile() && file.endsWith('.json') && readRecord(file)
      return content ? [{ ...content, file, run }] : []
    }),
  )
}

/** Undefined where the file is gone, or is no record. */
function readRecord(file: string): LedgerRecord | undefined {
  try {
    const { kind, name, id, maker, since, state } = JSON.parse(readFileSync(file, 'utf8'))
    const isRecord = kinds.includes(kind) && states.includes(state) && typeof name === 'string'
    const isWhole = [id ?? 0, maker, since].every(Number.isInteger)
    return isRecord && isWhole ? { kind, name, id, maker, since, state } : undefined
  } catch {
    return undefined
  }
}
