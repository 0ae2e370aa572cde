/**
 * Each run has a folder. From its name other runs can tell whether the run is alive. It contains the private objects of the
 * run, such as the FIFOs of a demo, and a record of each object that the run creates elsewhere: first that it will be created,
 * then its identity.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { errnoOf, systemCallError } from '../errors.js'
import { bootId } from '../proc/boot.js'
import { ownNamespaces } from '../proc/links.js'
import { isAlive, readStat } from '../proc/stat.js'
import { isOurs, look } from './cache-folder.js'
import { runtimeFolder } from './runtime-folder.js'

/** The pid and the start time in the name of a folder are valid only in the boot and the namespaces that it names. */
const ownBoot = () => bootId().slice(0, 4) || '0'

/** The folder of this run. It is created when it is missing. @throws DemoFailed, SystemCallError */
export function runFolder(): string {
  // Short, because demos print paths in it. `0.3` are the first namespaces of a machine.
  const start = (readStat(process.pid)?.startTicks ?? 0).toString(36)
  const name = ['run', process.pid, start, ownBoot(), ownNamespaces()].join('-').replace(/-0\.3$/, '')
  const folder = join(runtimeFolder(), name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

export interface Run {
  folder: string
  /** Of its supervisor. */
  pid: number
  /** `elsewhere`: it belongs to other namespaces, so this process cannot see whether it is alive or what it has created. */
  state: 'alive' | 'dead' | 'before this boot' | 'elsewhere'
}

/** The runs that have a folder, this one included. None where there is no runtime folder that osdemo may trust. */
export function knownRuns(): Run[] {
  return filesIn(runtimeFolder).flatMap((entry) => {
    const match = entry.isDirectory() && /^run-(\d+)-(\w+)-(\w+)(?:-([-\d.]+))?$/.exec(entry.name)
    if (!match) return []
    const folder = join(entry.parentPath, entry.name)
    // Whoever can write to it decides what a sweep removes.
    if (!isTrusted(folder)) return []
    const [, pid, start = '0', boot, namespaces = '0.3'] = match
    const hereState = isAlive(Number(pid), Number.parseInt(start, 36) || undefined) ? 'alive' : 'dead'
    const bootState = namespaces === ownNamespaces() ? hereState : 'elsewhere'
    const state = boot === ownBoot() ? bootState : 'before this boot'
    return [{ folder, pid: Number(pid), state }]
  })
}

function isTrusted(path: string): boolean {
  const stats = look(path)
  return stats !== undefined && isOurs(stats)
}

/** The entries of a folder. None where it does not exist. */
export function filesIn(folder: () => string) {
  try {
    return readdirSync(folder(), { withFileTypes: true })
  } catch {
    return []
  }
}

/** The path of a file that is renamed when it is complete. */
export function draftIn(folder: string): string {
  return join(folder, `.osdemo-${process.pid}-${process.hrtime.bigint()}`)
}

/** Whether a path is one that `draftIn` gave to this process. */
export function isDraft(path: string, pid: number): boolean {
  return isAbsolute(path) && new RegExp(`^\\.osdemo-${pid}-\\d+$`).test(basename(path))
}

const kinds = ['segment', 'queue', 'semaphore', 'object', 'fifo', 'file'] as const
const states = ['needed', 'released', 'kept'] as const
export interface LedgerRecord {
  kind: (typeof kinds)[number]
  /** An absolute path, the name of a POSIX object, or the key of a System V object, 0 for none. */
  name: string
  /** The id of a System V object, or an inode number. Missing until the object has been created. */
  id?: number | undefined
  /** The device of a shared memory object or a named semaphore, for a run may see another file system in /dev/shm. Missing as the id is. */
  device?: number | undefined
  /** The pid of the process that creates it. */
  maker: number
  /** Seconds since 1970. A System V object that is older is not the recorded one. */
  since: number
  state: (typeof states)[number]
}

export type LedgerEntry = ReturnType<typeof record>

/** Records that a process is about to create an object. @throws SystemCallError where the record cannot be written */
export function record(kind: LedgerRecord['kind'], name: string, maker = process.pid) {
  const file = join(runFolder(), `${process.hrtime.bigint()}.json`)
  const content: LedgerRecord = { kind, name, maker, since: Math.floor(Date.now() / 1000), state: 'needed' }
  const write = (change: Partial<LedgerRecord>) => writeRecord(file, Object.assign(content, change))
  write({})
  return {
    /** The object has been created and has this id. */
    made: (id: number, device?: number) => write({ id, device }),
    /** The object was not created, or it has been removed. */
    forget: () => removeFromFolder(file),
    /** The maker no longer needs it. The next `sweep` that finds it unused removes it. */
    release: () => content.state === 'kept' || write({ state: 'released' }),
    /** The object stays until the user removes it. */
    keep: () => write({ state: 'kept' }),
  }
}

function writeRecord(file: string, content: LedgerRecord): void {
  try {
    // Renamed, so that another run that sweeps at this moment never reads a part of a record.
    writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  } catch (error) {
    throw systemCallError(error, `cannot write a record to ${dirname(file)}`)
  }
}

/** Keeps the object of another run until the user removes it. @throws SystemCallError */
export function keepFound({ file, run: _, ...content }: FoundRecord): void {
  writeRecord(file, { ...content, state: 'kept' })
}

/** Removes a file from the folder of a run, and the folder when it was the last file. @throws SystemCallError */
export function removeFromFolder(file: string): void {
  try {
    unlinkSync(file)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw systemCallError(error, `cannot remove ${file}`)
  }
  try {
    rmdirSync(dirname(file))
  } catch {
    // The folder is not empty, or another run has removed it.
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

/** Undefined where the file has been removed, is no record, or may be that of another user. */
function readRecord(file: string): LedgerRecord | undefined {
  try {
    if (!isTrusted(file)) return undefined
    const { kind, name, id, device, maker, since, state } = JSON.parse(readFileSync(file, 'utf8'))
    const isRecord = kinds.includes(kind) && states.includes(state) && typeof name === 'string'
    const isWhole = [id ?? 0, device ?? 0, maker, since].every(Number.isInteger)
    return isRecord && isWhole ? { kind, name, id, device, maker, since, state } : undefined
  } catch {
    return undefined
  }
}
