/** Moving bytes inside the kernel, splice(2): the kernel passes pages on, and copies no byte to this process. */
import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'
import { Unavailable } from '../errors.js'
import { openSplice, type Splice } from './libc.js'
import { pipeCapacity, resizePipe } from './pipe-room.js'

/**
 * Whether to splice bytes between a pipe and this descriptor: a file, another pipe, or a device such as /dev/null.
 *
 * Not a terminal, where a person waits for each line. Not a socket: splice(2) would hold the lock of the pipe while it waits
 * for the socket, and until then the process at the other end of the pipe could not be killed (state D).
 */
export function maySplice(fd: number): boolean {
  const stats = fstatSync(fd)
  return stats.isFile() || stats.isFIFO() || (stats.isCharacterDevice() && !isatty(fd))
}

/** splice(2); undefined where the system or the foreign function interface is missing. */
export function findSplice(): Splice | undefined {
  try {
    return openSplice()
  } catch (error) {
    if (error instanceof Unavailable) return undefined
    throw error
  }
}

/** The capacity in bytes that every user may set by default: the kernel's default of /proc/sys/fs/pipe-max-size. */
export const largePipe = 2 ** 20

/**
 * Sets a pipe's capacity to 1 MiB, pipe(7). With 64 KiB, waking the other end takes most of the time.
 *
 * @returns the new capacity in bytes; undefined where it did not change, as when this user's pipes are too large together
 */
export function enlargePipe(fd: number): number | undefined {
  try {
    return pipeCapacity(fd) < largePipe ? resizePipe(fd, largePipe) : undefined
  } catch {
    return undefined
  }
}
