/** How full a pipe of another process is, pipe(7). Linux only. */
import { closeSync } from 'node:fs'
import { checked, native } from './libc.js'
import { bytesInPipe, pipeCapacity } from './pipe-room.js'

/** The same on all machines of Linux: asm-generic/unistd.h. */
const pidfdOpen = 434
const pidfdGetfd = 438

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
    const process = checked('pidfd_open', syscall(pidfdOpen, pid, 0, 0, null))
    try {
      const pipe = checked('pidfd_getfd', syscall(pidfdGetfd, process, fd, 0, null))
      try {
        return { bytes: bytesInPipe(pipe), capacity: pipeCapacity(pipe) }
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
