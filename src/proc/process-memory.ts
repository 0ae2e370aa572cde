/** The memory of another process: /proc/PID/mem, man 5 proc_pid_mem. Only users who may trace the process may read it. */
import { closeSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'
import { folder } from './read.js'

/** PATH_MAX of linux/limits.h: the longest path that the kernel accepts, with its NUL. */
const longestPath = 4096

/**
 * Up to `length` bytes at an address; fewer where the mapping is shorter. Undefined where nothing is mapped, or where this user may
 * not read it.
 */
export function readMemory(pid: number, address: bigint, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length)
  let memory: number | undefined
  try {
    memory = openSync(`${folder(pid)}/mem`, 'r')
    return bytes.subarray(0, readSync(memory, bytes, 0, length, address))
  } catch {
    return undefined
  } finally {
    if (memory !== undefined) closeSync(memory)
  }
}

/** A string that ends with NUL, one character for each byte; undefined where it cannot be read. */
export function readString(pid: number, address: bigint): string | undefined {
  const bytes = readMemory(pid, address, longestPath)
  return bytes?.includes(0) ? bytes.toString('latin1', 0, bytes.indexOf(0)) : undefined
}

/** A struct timespec of time.h (two 64-bit numbers) in seconds; undefined where it cannot be read. */
export function readTimespec(pid: number, address: bigint): number | undefined {
  const bytes = readMemory(pid, address, 16)
  if (bytes?.length !== 16) return undefined
  return Number(bytes.readBigInt64LE(0)) + Number(bytes.readBigInt64LE(8)) / 1e9
}

/** The 32-bit int at an address of a process; undefined where it cannot be read. */
export function readInt(pid: number, address: bigint): number | undefined {
  const bytes = readMemory(pid, address, 4)
  if (bytes?.length !== 4) return undefined
  return endianness() === 'LE' ? bytes.readInt32LE() : bytes.readInt32BE()
}
