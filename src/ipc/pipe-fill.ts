/** How full a pipe of another process is, pipe(7). Linux only. */
import { borrow } from './borrow.js'
import { bytesInPipe, pipeCapacity } from './pipe-room.js'

/**
 * How many bytes a pipe holds, and its capacity, through a descriptor of another process.
 *
 * @returns undefined without the permission to duplicate that descriptor
 */
export function pipeFill(pid: number, fd: number): { bytes: number; capacity: number } | undefined {
  return borrow(pid, fd, (pipe) => ({ bytes: bytesInPipe(pipe), capacity: pipeCapacity(pipe) }))
}
