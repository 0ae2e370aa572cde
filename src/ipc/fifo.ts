/**
 * Named pipes, fifo(7). Opening one blocks in the kernel until the other end is opened too. That occupies a thread of Node's
 * pool, so only an actor may do it. make-fifo.ts makes FIFOs.
 */
import { close, closeSync, constants, fstatSync, open, openSync, type Stats, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DemoFailed, errnoOf, systemCallError } from '../errors.js'

/** O_PATH of open(2), which Node does not export: a descriptor that refers to a file without opening it. Linux only. */
const O_PATH = 0o10000000

export type End = 'reading' | 'writing'

function requireFifo(path: string, stats: Stats): void {
  if (stats.isFIFO()) return
  throw new DemoFailed(`${path} is ${kindOf(stats)}, not a FIFO`, {
    hint: 'It was not changed. Name another path with --path: osdemo makes a FIFO that is missing.',
  })
}

/** The kind of a file that is no FIFO, inode(7). A link is followed, so what remains is a block device. */
function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder'
  if (stats.isFile()) return 'a regular file'
  if (stats.isSocket()) return 'a socket'
  return stats.isCharacterDevice() ? 'a character device' : 'a block device'
}

/** What is at a path now, compared with a FIFO that was there. */
export type AtPath = 'same' | 'another' | 'nothing'

/** Whether a path still leads to the file with these stats. Where stat(2) is refused, nothing speaks against it. */
function atPath(path: string, { dev, ino }: Stats): AtPath {
  try {
    const found = statSync(path)
    return found.dev === dev && found.ino === ino ? 'same' : 'another'
  } catch (error) {
    const errno = errnoOf(error)
    return errno === 'ENOENT' || errno === 'ENOTDIR' ? 'nothing' : 'same'
  }
}

/**
 * Keeps a descriptor of the FIFO at a path without opening it, so that other runs find this process among its users. Where
 * there is no O_PATH, this only checks that it is a FIFO.
 *
 * @returns undefined when there is nothing at the path
 * @throws DemoFailed when it is no FIFO; SystemCallError when stat(2) or open(2) fails
 */
export function holdFifo(path: string): HeldFifo | undefined {
  let handle: number | undefined
  try {
    if (process.platform !== 'linux') {
      requireFifo(path, statSync(path))
      return { atPath: () => 'same', letGo: () => {} }
    }
    const held = openSync(path, O_PATH)
    handle = held
    const stats = fstatSync(held)
    requireFifo(path, stats)
    return { atPath: () => atPath(path, stats), letGo: () => closeSync(held) }
  } catch (error) {
    if (handle !== undefined) closeSync(handle)
    if (errnoOf(error) === 'ENOENT') return undefined
    throw systemCallError(error, `cannot find out what ${path} is`)
  }
}

export interface HeldFifo {
  /** Whether the path still leads to it. Its inode number is not used again while it is held. */
  atPath(): AtPath
  letGo(): void
}

/** An open(2) that has begun, and that blocks until the other end is open. */
export interface Opening {
  /** The inode of the FIFO; undefined where the system is not Linux. */
  ino: number | undefined
  /** Resolves with a descriptor in blocking mode. Rejects with a SystemCallError. */
  opened: Promise<number>
  /** What is at the path now: this FIFO, or what another process has put in its place. */
  atPath(): AtPath
  /**
   * Lets open(2) return, because nothing else ends a call that blocks in a thread: opens the other end for a moment. Another
   * process that waits in open(2) for the same FIFO wakes up too.
   *
   * @returns the descriptor. Another process may have opened the other end just before, so it may contain bytes.
   * @throws SystemCallError without the permission to open the other end; then open(2) continues to wait
   */
  giveUp(): Promise<number>
}

/** Opens one end, and blocks in open(2) until the other end is open: `beginOpen` to its end. */
export async function openFifo(path: string, end: End, ours: boolean): Promise<number> {
  return (await beginOpen(path, end, ours)).opened
}

/**
 * Begins to open one end.
 *
 * It opens the FIFO with O_PATH first, and then opens that descriptor through /proc. So the file that is checked is the file that
 * is opened, even if another process replaces it meanwhile. And a search for the processes that wait for this FIFO finds its
 * inode among this process's descriptors while open(2) blocks.
 *
 * @param ours the FIFO must belong to this user, and other users must not be able to open it (the default FIFO)
 * @throws SystemCallError; DemoFailed when it is no FIFO, or when `ours` does not hold
 */
export async function beginOpen(path: string, end: End, ours: boolean): Promise<Opening> {
  const mode = end === 'reading' ? constants.O_RDONLY : constants.O_WRONLY
  const explained = (error: unknown) => {
    const [permission, letter] = end === 'reading' ? ['read', 'r'] : ['write', 'w']
    const hint = `Use a path you own, or ask its owner for ${permission} permission: chmod a+${letter} ${path}`
    return systemCallError(error, `cannot open the FIFO ${path} for ${end}`, (errno) =>
      errno === 'EACCES' ? hint : undefined,
    )
  }
  const openAs = async (name: string) => {
    try {
      return await promisify(open)(name, mode)
    } catch (error) {
      throw explained(error)
    }
  }
  if (process.platform !== 'linux') {
    const opened = openAs(path).then((fd) => {
      requireFifo(path, fstatSync(fd))
      return fd
    })
    return { ino: undefined, opened, atPath: () => 'same', giveUp: () => opened }
  }
  const { handle, stats } = await checked(path, ours).catch((error) => {
    throw explained(error)
  })
  const opened = openAs(`/proc/self/fd/${handle}`).finally(() => close(handle))
  return {
    ino: stats.ino,
    opened,
    atPath: () => atPath(path, stats),
    giveUp: () => openOtherEnd(handle, end, opened),
  }
}

/** A descriptor with O_PATH of the FIFO at a path, once it has been checked. */
async function checked(path: string, ours: boolean): Promise<{ handle: number; stats: Stats }> {
  const handle = await promisify(open)(path, O_PATH)
  try {
    const stats = fstatSync(handle)
    requireFifo(path, stats)
    if (ours) requireOurs(path, stats)
    return { handle, stats }
  } catch (error) {
    closeSync(handle)
    throw error
  }
}

/** Opens the other end until this end is open. @returns the descriptor of this end */
async function openOtherEnd(handle: number, end: End, opened: Promise<number>): Promise<number> {
  let settled = false
  const over = () => {
    settled = true
  }
  opened.then(over, over)
  const other = end === 'reading' ? constants.O_WRONLY : constants.O_RDONLY
  let partner: number | undefined
  // `handle` is closed when `opened` settles, so it is used only before.
  while (!settled && partner === undefined) {
    try {
      partner = reopen(handle, other | constants.O_NONBLOCK)
    } catch (error) {
      // ENXIO: our own open(2) is not in the kernel yet, so the FIFO has no reader.
      if (errnoOf(error) !== 'ENXIO') throw systemCallError(error, 'cannot leave the FIFO')
      await sleep(1)
    }
  }
  const fd = await opened
  if (partner !== undefined) closeSync(partner)
  return fd
}

/** Whether a process has the read end of a FIFO open. @param fd the write end. Linux only. */
export function hasReader(fd: number): boolean {
  try {
    closeSync(reopen(fd, constants.O_WRONLY | constants.O_NONBLOCK))
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENXIO') return false
    throw systemCallError(error, 'cannot open the FIFO')
  }
}

function requireOurs(path: string, { uid, mode }: Stats): void {
  // getuid(2) exists on Linux and macOS.
  if (uid === process.getuid!() && (mode & 0o077) === 0) return
  const permissions = (mode & 0o777).toString(8).padStart(4, '0')
  throw new DemoFailed(`the FIFO ${path} is not private: it has owner ${uid} and mode ${permissions}`, {
    hint: 'Remove it, or name a FIFO with --path.',
  })
}

/**
 * Opens the FIFO of a descriptor once more for reading, without blocking. The kernel drops the bytes in a pipe when its last
 * reader closes, so while this descriptor is open, what a writer sends before our next open is kept.
 *
 * @returns undefined where the system is not Linux
 */
export function openKeeper(fd: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  return reopen(fd, constants.O_RDONLY | constants.O_NONBLOCK)
}

/** Opens the file of a descriptor once more, with other flags: man 5 proc_pid_fd. Linux only. @throws as open(2) */
export function reopen(fd: number, flags: number): number {
  return openSync(`/proc/self/fd/${fd}`, flags)
}

/**
 * Opens both ends in this process, nonblocking: calls that would block fail with EAGAIN instead. For private FIFOs only.
 *
 * @returns the descriptors
 * @throws SystemCallError
 */
export function openBothEnds(path: string): { reading: number; writing: number } {
  const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants
  try {
    // In this order: without a reader, a nonblocking open for writing fails with ENXIO.
    const reading = openSync(path, O_RDONLY | O_NONBLOCK)
    return { reading, writing: openSync(path, O_WRONLY | O_NONBLOCK) }
  } catch (error) {
    throw systemCallError(error, `cannot open the FIFO ${path}`)
  }
}

/**
 * Opens a FIFO for reading and writing with one descriptor, in blocking mode. On Linux this open never blocks, fifo(7).
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
