/** How much a pipe holds, and how much it has room for, pipe(7). Sizes in bytes; Linux only. */
import { fcntl, getpagesize, intOf, ioctl, poll } from './libc.js'

// linux/fcntl.h
const F_SETPIPE_SZ = 1031
const F_GETPIPE_SZ = 1032
/** asm-generic/ioctls.h; the same on x86-64 and arm64. */
const FIONREAD = 0x541b
/** asm-generic/poll.h. */
const POLLOUT = 4

/** So many bytes are written in one piece, or not at all: PIPE_BUF of linux/limits.h. POSIX demands 512 at least. */
export const pipeBuf = 4096

/** The most that the pipe of a descriptor can hold: fcntl(2), F_GETPIPE_SZ. It is a whole number of pages. */
export function pipeCapacity(fd: number): number {
  return fcntl(fd, F_GETPIPE_SZ, 0)
}

/** How many bytes it holds now: ioctl(2), FIONREAD. */
export function bytesInPipe(fd: number): number {
  return intOf((value) => ioctl(fd, FIONREAD, value))
}

/** Whether a write would pass now: poll(2), POLLOUT. */
export function hasRoom(fd: number): boolean {
  return (poll(fd, POLLOUT, 0) & POLLOUT) !== 0
}

/**
 * Lets it hold so many bytes; the kernel rounds up to a power of two of pages.
 *
 * @returns what it holds at most now
 * @throws what Node would: EPERM above /proc/sys/fs/pipe-max-size without CAP_SYS_RESOURCE, EBUSY when it has more in it
 */
export function resizePipe(fd: number, bytes: number): number {
  return fcntl(fd, F_SETPIPE_SZ, bytes)
}

/** Bytes of a page of memory, of which a pipe is made. */
export const pageSize = getpagesize
