/**
 * Named pipes, fifo(7). Opening one blocks in the kernel until the other end is opened too, and parks a thread of Node's
 * pool while it does: only an actor may do it. How one is made: make-fifo.ts.
 */
import { close, closeSync, constants, fstat, fstatSync, open, openSync, type Stats, statSync } from 'node:fs'
import { promisify } from 'node:util'
import { DemoFailed, errnoOf, systemCallError } from '../errors.js'

/** open(2)'s O_PATH, which Node does not name: a descriptor that stands for a file without opening it. Linux only. */
const O_PATH = 0o10000000

export type End = 'reading' | 'writing'

function requireFifo(path: string, stats: Stats): void {
  if (stats.isFIFO()) return
  const kind = stats.isDirectory() ? 'a folder' : stats.isFile() ? 'a regular file' : 'no FIFO'
  throw new DemoFailed(`${path} is ${kind}, not a FIFO; it was left as it is`, {
    hint: 'name another path with --path; a missing FIFO is made',
  })
}

/**
 * Takes hold of the FIFO at a path without opening it, so that others see that somebody needs it. Where there is no
 * O_PATH it is only looked at.
 *
 * @returns undefined when there is nothing at the path
 * @throws DemoFailed when something else than a FIFO is there (it is left as it is); SystemCallError when we may not look
 */
export function holdFifo(path: string): HeldFifo | undefined {
  let handle: number | undefined
  try {
    if (process.platform !== 'linux') {
      requireFifo(path, statSync(path))
      return { isRemoved: () => false, letGo: () => {} }
    }
    const held = openSync(path, O_PATH)
    handle = held
    requireFifo(path, fstatSync(held))
    return { isRemoved: () => fstatSync(held).nlink === 0, letGo: () => closeSync(held) }
  } catch (error) {
    if (handle !== undefined) closeSync(handle)
    if (errnoOf(error) === 'ENOENT') return undefined
    throw systemCallError(error, `cannot look at ${path}`)
  }
}

export interface HeldFifo {
  /** Whether it has lost its name, so that nobody can open it any more. */
  isRemoved(): boolean
  letGo(): void
}

/**
 * Opens one end, and waits in the kernel until the other end is open.
 *
 * The FIFO is taken hold of with O_PATH first, then opened through that descriptor. So what is checked is what is
 * opened, even if somebody exchanges the file meanwhile; and whoever looks for processes that wait for this FIFO finds
 * its inode among our descriptors already while we wait.
 *
 * @param ours the FIFO must belong to this user and be closed to others (the default FIFO)
 * @returns a file descriptor in blocking mode
 * @throws SystemCallError; DemoFailed when it is no FIFO, or not ours
 */
export async function openFifo(path: string, end: End, ours: boolean): Promise<number> {
  const mode = end === 'reading' ? constants.O_RDONLY : constants.O_WRONLY
  const attempt = `cannot open the FIFO ${path} for ${end}`
  try {
    if (process.platform !== 'linux') {
      const fd = await promisify(open)(path, mode)
      requireFifo(path, await promisify(fstat)(fd))
      return fd
    }
    const handle = await promisify(open)(path, O_PATH)
    try {
      const stats = fstatSync(handle)
      requireFifo(path, stats)
      if (ours) requireOurs(path, stats)
      return await promisify(open)(`/proc/self/fd/${handle}`, mode)
    } finally {
      close(handle)
    }
  } catch (error) {
    throw systemCallError(error, attempt, (errno) =>
      errno === 'EACCES' ? 'its owner must let you in: chmod, or name another --path' : undefined,
    )
  }
}

function requireOurs(path: string, { uid, mode }: Stats): void {
  // Linux and macOS have user ids.
  if (uid === process.getuid!() && (mode & 0o077) === 0) return
  throw new DemoFailed(
    `the FIFO ${path} belongs to user ${uid} or is open to others (mode ${(mode & 0o777).toString(8)})`,
    {
      hint: `remove it, or name one with --path`,
    },
  )
}

/**
 * Opens the FIFO of a descriptor once more for reading, without waiting. While it is held, a writer that comes before our
 * next open does not lose what it writes: the kernel empties a pipe when its last reader goes. Linux only; else undefined.
 */
export function openKeeper(fd: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  return reopen(fd, constants.O_RDONLY | constants.O_NONBLOCK)
}

/** Opens the file of a descriptor once more, with flags of its own: man 5 proc_pid_fd. Linux only. @throws as open(2) */
export function reopen(fd: number, flags: number): number {
  return openSync(`/proc/self/fd/${fd}`, flags)
}

/**
 * Opens both ends in this process, nonblocking: calls that would wait fail with EAGAIN instead. A FIFO of our own only.
 *
 * @returns the descriptors
 * @throws SystemCallError
 */
export function openBothEnds(path: string): { reading: number; writing: number } {
  const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants
  try {
    // In this order: without a reader, a nonblocking open for writing is ENXIO.
    const reading = openSync(path, O_RDONLY | O_NONBLOCK)
    return { reading, writing: openSync(path, O_WRONLY | O_NONBLOCK) }
  } catch (error) {
    throw systemCallError(error, `cannot open the FIFO ${path}`)
  }
}

/**
 * Opens a FIFO for both directions by one descriptor, in blocking mode. On Linux that waits for nobody, fifo(7).
 *
 * @throws SystemCallError
 */
export function openForBoth(path: string): number {
  try {
    return openSync(path, constants.O_RDWR)
  } catch (error) {
    throw systemCallError(error, `cannot open the FIFO ${path}`)
  }
}
