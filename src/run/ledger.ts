/**
 * What we made in the file system, written down so that a run killed with SIGKILL can be cleaned up by the next one:
 * one small file per FIFO in the runtime folder, with the intent before it is made and its identity after.
 *
 * A FIFO is only ever removed when its identity is the recorded one, its maker is dead or has let it go, and nobody
 * holds it open or waits to open it. So the last of two terminals removes it, whichever of them made it.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { bootId } from '../proc/boot.js'
import { fdFlags, holders, openFiles } from '../proc/fds.js'
import { readNumbers } from '../proc/read.js'
import { isAlive, readStat } from '../proc/stat.js'
import { waitingThreads } from '../proc/task.js'
import { runtimeFolder } from './runtime-folder.js'

interface Entry {
  path: string
  /** Missing until the FIFO has been made. An inode number may be given again, so its birth belongs to it. */
  identity?: { dev: number; ino: number; birthtimeMs: number }
  /** Milliseconds since 1970: what is older than this was not made by us. */
  since: number
  maker: { pid: number; startTicks: number; boot: string }
  /** The maker does not need it any more. */
  released: boolean
}

export interface LedgerEntry {
  /** The FIFO is there now: what to know it by. */
  made(identity: { dev: number; ino: number; birthtimeMs: number }): void
  /** Nothing was made after all. */
  forget(): void
  /** The maker needs it no more; it is removed now, or by whoever uses it last. Returns what was removed. */
  release(): string[]
}

const O_PATH = 0o10000000

function ledgerFolder(): string {
  return join(runtimeFolder(), 'ledger')
}

/** Writes down that a FIFO is about to be made at this path, an absolute one: the next run may start elsewhere. */
export function recordIntent(path: string): LedgerEntry {
  const folder = ledgerFolder()
  const file = join(folder, `fifo-${process.pid}-${process.hrtime.bigint()}.json`)
  const maker = { pid: process.pid, startTicks: readStat(process.pid)?.startTicks ?? 0, boot: bootId() }
  const entry: Entry = { path, since: Date.now(), maker, released: false }
  const write = () => {
    // Renamed into place: whoever sweeps at this moment never reads half of it.
    const draft = file.replace(/json$/, 'new')
    writeFileSync(draft, JSON.stringify(entry), { mode: 0o600 })
    renameSync(draft, file)
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  write()
  return {
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

/** Removes what nobody needs any more, and returns the paths of what was removed. */
export function sweep(): string[] {
  return ledgerFiles().flatMap((file) => {
    const entry = read(file)
    if (!entry) {
      // Half written by a process that was killed. Of one that lives, the rest is yet to come.
      if (!isAlive(Number(file.match(/fifo-(\d+)-[^/]*$/)?.[1]))) rmSync(file, { force: true })
      return []
    }
    if (isNeeded(entry)) return []
    const removed = removeIfOurs(entry)
    if (removed !== 'in use') rmSync(file, { force: true })
    return removed === 'removed' ? [entry.path] : []
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
      typeof entry.since === 'number' &&
      typeof entry.maker?.pid === 'number'
    return complete ? (entry as Entry) : undefined
  } catch {
    return undefined
  }
}

function isNeeded({ released, maker }: Entry): boolean {
  return !released && maker.boot === bootId() && isAlive(maker.pid, maker.startTicks || undefined)
}

function removeIfOurs({ path, identity, since }: Entry): 'removed' | 'not ours' | 'in use' {
  let stats: Stats | undefined
  try {
    stats = statSync(path, { throwIfNoEntry: false })
  } catch {
    return 'not ours'
  }
  if (!stats?.isFIFO() || stats.uid !== process.getuid!()) return 'not ours'
  // Killed between making it and writing down its inode: the time of its birth must do.
  const ours = identity
    ? stats.dev === identity.dev && stats.ino === identity.ino && stats.birthtimeMs === identity.birthtimeMs
    : stats.birthtimeMs >= since - 10
  if (!ours) return 'not ours'
  if (holders(stats.dev, stats.ino).length > 0 || somebodyWaits()) return 'in use'
  return unlink(path)
}

/** Two sweeps at once may both come here: only the one whose unlink(2) succeeds has removed it. */
function unlink(path: string): 'removed' | 'not ours' {
  try {
    unlinkSync(path)
    return 'removed'
  } catch {
    return 'not ours'
  }
}

/**
 * Whether some process waits in open(2) of a FIFO, and we cannot tell of which. Our own actors hold an O_PATH
 * descriptor while they wait, so `holders` finds them; for a `cat` there is only the name of the kernel function.
 */
function somebodyWaits(): boolean {
  return readNumbers('/proc').some(
    (pid) =>
      waitingThreads(pid).some(({ wchan }) => wchan === 'wait_for_partner') &&
      !openFiles(pid).some(({ fd }) => ((fdFlags(pid, fd)?.flags ?? 0) & O_PATH) !== 0),
  )
}
