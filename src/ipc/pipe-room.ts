/** How much a pipe holds, and its capacity, pipe(7). Sizes are in bytes. Linux only. */
import { fcntl, getpagesize, intOf, ioctl, poll } from './libc.js'

// linux/fcntl.h
const F_SETPIPE_SZ = 1031
const F_GETPIPE_SZ = 1032
/** asm-generic/ioctls.h, which x86-64 and arm64 use. */
const FIONREAD = 0x541b
/** asm-generic/poll.h. */
const POLLOUT = 4

/** Up to this many bytes, a write(2) is atomic: PIPE_BUF of linux/limits.h. POSIX requires at least 512. */
export const pipeBuf = 4096

/** The capacity of the pipe of a descriptor: fcntl(2), F_GETPIPE_SZ. It is a whole number of pages. */
export function pipeCapacity(fd: number): number {
  return fcntl(fd, F_GETPIPE_SZ, 0)
}

/** How many unread bytes it contains: ioctl(2), FIONREAD. */
export function bytesInPipe(fd: number): number {
  return intOf((value) => ioctl(fd, FIONREAD, value))
}

/** Whether a write would not block now: poll(2), POLLOUT. */
export function hasRoom(fd: number): boolean {
  return (poll(fd, POLLOUT, 0) & POLLOUT) !== 0
}

/**
 * Sets its capacity. The kernel rounds it up to a power of two pages.
 *
 * @returns the new capacity
 * @throws as Node would: EPERM above /proc/sys/fs/pipe-max-size without CAP_SYS_RESOURCE, EBUSY when it contains more bytes
 */
export function resizePipe(fd: number, bytes: number): number {
  return fcntl(fd, F_SETPIPE_SZ, bytes)
}

/** Bytes in a page of memory. A pipe is a ring of pages. */
export const pageSize = getpagesize
