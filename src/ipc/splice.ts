/** Moving bytes inside the kernel, splice(2): pages change hands, and no byte is copied to this process. */
import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'
import { Unavailable } from '../errors.js'
import { openSplice, type Splice } from './libc.js'
import { pipeCapacity, resizePipe } from './pipe-room.js'

/**
 * Whether bytes may be spliced between a pipe and this descriptor: a file, another pipe, or a device such as /dev/null.
 *
 * Not a terminal, where a person waits for each line. Not a socket: splice(2) would hold the lock of the pipe while it
 * waits for the socket, and the process at the other end of the pipe could not be killed until then (state D).
 */
export function maySplice(fd: number): boolean {
  const stats = fstatSync(fd)
  return stats.isFile() || stats.isFIFO() || (stats.isCharacterDevice() && !isatty(fd))
}

/** splice(2), or undefined where it is missing or there is no FFI. */
export function findSplice(): Splice | undefined {
  try {
    return openSplice()
  } catch (error) {
    if (error instanceof Unavailable) return undefined
    throw error
  }
}

/** What every user may give to a pipe, in bytes: /proc/sys/fs/pipe-max-size as it comes. */
export const largePipe = 2 ** 20

/**
 * Gives a pipe room for 1 MiB, pipe(7): with 64 KiB, waking the other end takes most of the time.
 *
 * @returns its capacity now, in bytes; undefined where it stays as it was, as when this user's pipes are too large already
 */
export function enlargePipe(fd: number): number | undefined {
  try {
    return pipeCapacity(fd) < largePipe ? resizePipe(fd, largePipe) : undefined
  } catch {
    return undefined
  }
}
