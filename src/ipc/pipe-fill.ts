/** How full a pipe of another process is, pipe(7). Linux only. */
import { closeSync } from 'node:fs'
import { checked, fcntl, native } from './libc.js'

/** The same on all machines of Linux: asm-generic/unistd.h. */
const pidfdOpen = 434
const pidfdGetfd = 438
/** asm-generic/ioctls.h; the same on x86-64 and arm64. */
const FIONREAD = 0x541b
/** linux/fcntl.h */
const F_GETPIPE_SZ = 1032

/**
 * How many bytes a pipe holds and can hold, by a descriptor that another process has of it. For some microseconds we have a
 * duplicate of that descriptor, by pidfd_getfd(2). To open the pipe instead, through /proc/PID/fd, would make a further end
 * of it, which may wake a process that waits for one, or keep one from seeing that the others are gone.
 *
 * @returns undefined where we may not: it takes the right to trace that process
 */
export function pipeFill(pid: number, fd: number): { bytes: number; capacity: number } | undefined {
  try {
    const syscall = native(
      'syscall',
      'long syscall(long number, uint64_t address, int operation, int value, void *timeout)',
    )
    const ioctl = native('ioctl', 'int ioctl(int fd, unsigned long command, void *value)')
    const process = checked('pidfd_open', syscall(pidfdOpen, pid, 0, 0, null))
    try {
      const bytes = new Int32Array(1)
      const pipe = checked('pidfd_getfd', syscall(pidfdGetfd, process, fd, 0, null))
      try {
        checked('ioctl', ioctl(pipe, FIONREAD, new Uint8Array(bytes.buffer)))
        return { bytes: bytes[0]!, capacity: fcntl(pipe, F_GETPIPE_SZ, 0) }
      } finally {
        closeSync(pipe)
      }
    } finally {
      closeSync(process)
    }
  } catch {
    return undefined
  }
}
