/**
 * What we made in the file system, written down so that a run killed with SIGKILL can be cleaned up by the next one:
 * one small file per FIFO in the runtime folder, with the intent before it is made, and its identity before it gets the
 * path by which others know it.
 *
 * A FIFO is only ever removed when its identity is the recorded one, its maker is dead or has let it go, and nobody
 * holds it open or waits to open it. So the last of two terminals removes it, whichever of them made it.
 */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { bootId } from '../proc/boot.js'
import { fifoUsers } from '../proc/fifo-users.js'
import { isAlive, readStat } from '../proc/stat.js'
import { runtimeFolder } from './runtime-folder.js'

interface Identity {
  dev: number
  ino: number
  birthtimeMs: number
}

interface Entry {
  path: string
  /** Where it is made before it gets its path: a name that nobody else would use, so what lies there is ours. */
  draft: string
  /** Missing until it has been made; it gets its path only then. An inode number may be given again, so its birth belongs to it. */
  identity?: Identity
  maker: { pid: number; startTicks: number; boot: string }
  /** The maker does not need it any more. */
  released: boolean
}

export interface LedgerEntry {
  draft: string
  /** The FIFO is at its draft now: what to know it by. */
  made(identity: Identity): void
  /** Nothing was made after all. */
  forget(): void
  /** The maker needs it no more; it is removed now, or by whoever uses it last. Returns what `sweep` does. */
  release(): Swept[]
}

/** What became of a FIFO on record. */
export interface Swept {
  path: string
  /** The pids of those who need it: it was left. None: it was removed. */
  users: number[]
}

function ledgerFolder(): string {
  return join(runtimeFolder(), 'ledger')
}

/** Writes down that a FIFO is about to be made at this path, an absolute one: the next run may start elsewhere. */
export function recordIntent(path: string): LedgerEntry {
  const folder = ledgerFolder()
  const id = `${process.pid}-${process.hrtime.bigint()}`
  const file = join(folder, `fifo-${id}.json`)
  const maker = { pid: process.pid, startTicks: readStat(process.pid)?.startTicks ?? 0, boot: bootId() }
  const draft = join(dirname(path), `.osdemo-${id}`)
  const entry: Entry = { path, draft, maker, released: false }
  const write = () => {
    // Renamed into place: whoever sweeps at this moment never reads half of it.
    const unfinished = file.replace(/json$/, 'new')
    writeFileSync(unfinished, JSON.stringify(entry), { mode: 0o600 })
    renameSync(unfinished, file)
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  write()
  return {
    draft,
    made({ dev, ino, birthtimeMs }) {
      entry.identity = { dev, ino, birthtimeMs }
      write()
    },
    forget: () => rmSync(file, { force: true }),
    release() {
      entry.released = true
      write()
      return sweep()
    },
  }
}

/** Removes what nobody needs any more. What is gone already, or is not what we made, is only struck off the record. */
export function sweep(): Swept[] {
  return ledgerFiles().flatMap((file) => {
    const entry = read(file)
    const strikeOff = () => rmSync(file, { force: true })
    if (!entry || !file.endsWith('.json')) {
      // Half written by a process that was killed. Of one that lives, the rest is yet to come.
      if (!isAlive(Number(file.match(/fifo-(\d+)-[^/]*$/)?.[1]))) strikeOff()
      return []
    }
    const { path, draft, maker } = entry
    const found = findOurs(entry)
    if (isNeeded(entry)) return found ? [{ path, users: [maker.pid] }] : []
    if (look(draft)?.isFIFO()) unlink(draft)
    const users = found ? fifoUsers(found.dev, found.ino) : []
    if (users.length > 0) return [{ path, users }]
    const removed = found !== undefined && unlink(path)
    strikeOff()
    return removed ? [{ path, users }] : []
  })
}

/** None where there is no ledger, or no runtime folder that we may trust: then we made nothing there either. */
function ledgerFiles(): string[] {
  try {
    const folder = ledgerFolder()
    return readdirSync(folder).map((name) => join(folder, name))
  } catch {
    return []
  }
}

/** What the file records; undefined when it is not (yet) a record of ours. */
function read(file: string): Entry | undefined {
  try {
    const entry: Partial<Entry> | null = JSON.parse(readFileSync(file, 'utf8'))
    const complete =
      typeof entry?.path === 'string' &&
      typeof entry.draft === 'string' &&
      typeof entry.maker?.pid === 'number'
    return complete ? (entry as Entry) : undefined
  } catch {
    return undefined
  }
}

function isNeeded({ released, maker }: Entry): boolean {
  return !released && maker.boot === bootId() && isAlive(maker.pid, maker.startTicks || undefined)
}

/** The FIFO of this record, when what lies at its path is still the one that we made. */
function findOurs({ path, identity }: Entry): Stats | undefined {
  const stats = look(path)
  const ours =
    stats?.dev === identity?.dev &&
    stats?.ino === identity?.ino &&
    stats?.birthtimeMs === identity?.birthtimeMs
  return stats?.isFIFO() && stats.uid === process.getuid!() && ours ? stats : undefined
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
