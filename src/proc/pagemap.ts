/** In which page frames, the pages of physical memory, the pages of a process lie: /proc/PID/pagemap, man 5 proc_pid_pagemap. */
import { closeSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'
import { folder } from './read.js'
import { readSmaps } from './smaps.js'

/** Bits 0 to 54 of an entry, for a page that is present: bit 63. */
const frameBits = (1n << 55n) - 1n
const present = 1n << 63n

/** Parses an entry. @returns undefined where the page is not in memory, or the number is hidden: then it is 0 */
export function parseFrame(entry: bigint): number | undefined {
  const frame = Number(entry & frameBits)
  return (entry & present) === 0n || frame === 0 ? undefined : frame
}

/**
 * The number of the page frame that an address leads to. Undefined where the page is not in memory, or where it may not be read:
 * the kernel shows the numbers to processes with CAP_SYS_ADMIN only.
 */
export function readFrame(pid: number, address: bigint): number | undefined {
  const mapping = readSmaps(pid)?.find(({ from, to }) => from <= address && address < to)
  const size = BigInt(mapping?.bytes('KernelPageSize') ?? 0)
  if (size === 0n) return undefined
  const bytes = Buffer.alloc(8)
  let pages: number | undefined
  try {
    pages = openSync(`${folder(pid)}/pagemap`, 'r')
    if (readSync(pages, bytes, 0, 8, (address / size) * 8n) !== 8) return undefined
  } catch {
    return undefined
  } finally {
    if (pages !== undefined) closeSync(pages)
  }
  return parseFrame(endianness() === 'LE' ? bytes.readBigUInt64LE() : bytes.readBigUInt64BE())
}
