/** What stands in the memory of another process: /proc/PID/mem, man 5 proc_pid_mem. */

import { closeSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'
import { errnoOf } from '../errors.js'

/**
 * The int of 32 bits at an address of a process; undefined where nothing is mapped, or where this user may not look: that
 * takes the right to trace it.
 */
export function readInt(pid: number, address: bigint): number | undefined {
  let fd: number | undefined
  try {
    fd = openSync(`/proc/${pid}/mem`, 'r')
    const bytes = Buffer.alloc(4)
    if (readSync(fd, bytes, { position: address }) < bytes.length) return undefined
    return endianness() === 'LE' ? bytes.readInt32LE() : bytes.readInt32BE()
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
