/** A descriptor of another process, for some microseconds: pidfd_getfd(2). Linux only. */
import { closeSync } from 'node:fs'
import { checked, native } from './libc.js'

/** The same on all machines of Linux: asm-generic/unistd.h. */
const pidfdOpen = 434
const pidfdGetfd = 438

/**
 * Looks at a duplicate of a descriptor that another process has. To open the same through /proc/PID/fd instead would make a
 * further end of a pipe, which may wake a process that waits for one, or keep one from seeing that the others are gone.
 *
 * @param look must not wait, and take nothing out
 * @returns undefined where we may not (it takes the right to trace that process), or it is not what `look` is for
 */
export function borrow<T>(pid: number, fd: number, look: (fd: number) => T): T | undefined {
  try {
    const syscall = native(
      'syscall',
      'long syscall(long number, uint64_t address, int operation, int value, void *timeout)',
    )
    const process = checked('pidfd_open', syscall(pidfdOpen, pid, 0, 0, null))
    try {
      const own = checked('pidfd_getfd', syscall(pidfdGetfd, process, fd, 0, null))
      try {
        return look(own)
      } finally {
        closeSync(own)
      }
    } finally {
      closeSync(process)
    }
  } catch {
    return undefined
  }
}
