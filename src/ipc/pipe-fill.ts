/** How full a pipe of another process is, pipe(7). Linux only. */
import { borrow } from './borrow.js'
import { bytesInPipe, pipeCapacity } from './pipe-room.js'

/**
 * How many bytes a pipe holds and can hold, by a descriptor that another process has of it.
 *
 * @returns undefined where we may not look
 */
export function pipeFill(pid: number, fd: number): { bytes: number; capacity: number } | undefined {
  return borrow(pid, fd, (pipe) => ({ bytes: bytesInPipe(pipe), capacity: pipeCapacity(pipe) }))
}
