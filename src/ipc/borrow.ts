/** Duplicates a descriptor of another process for some microseconds: pidfd_getfd(2). Linux only. */
import { closeSync } from 'node:fs'
import { checked, native } from './libc.js'

/** System call numbers, the same on every architecture: asm-generic/unistd.h. */
const pidfdOpen = 434
const pidfdGetfd = 438

/**
 * Looks at a duplicate of another process's descriptor. Opening /proc/PID/fd/FD instead would open another end of a pipe: that
 * could wake a process that waits for an opener, or keep a reader from reaching end of file.
 *
 * @param look must neither block nor read data
 * @returns undefined without the right to trace that process (ptrace(2)), or when `look` throws
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
