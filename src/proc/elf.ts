/** Where a program wants to lie in memory: the program headers of its ELF file, man 5 elf. */
import { closeSync, openSync, readSync } from 'node:fs'
import { errnoOf } from '../errors.js'

/** A PT_LOAD entry: a piece of the file, and where the kernel maps it. */
export interface LoadSegment {
  /** The address that the file asks for. A position-independent program is moved as a whole. */
  address: bigint
  /** Bytes that come from the file. */
  fileSize: bigint
  /** Bytes in memory: those beyond `fileSize` are not in the file and begin as zero. They are the bss. */
  memorySize: bigint
  writable: boolean
  executable: boolean
}

const PT_LOAD = 1
const PF_X = 1
const PF_W = 2

/**
 * Reads the first bytes of an ELF file of 32 or 64 bits, little-endian.
 *
 * @returns its segments, lowest address first; undefined where these bytes are no such file, or do not hold all headers
 */
export function parseLoadSegments(bytes: Buffer): LoadSegment[] | undefined {
  const isElf = bytes.length >= 64 && bytes.readUInt32BE(0) === 0x7f454c46 && bytes[5] === 1
  if (!isElf) return undefined
  const wide = bytes[4] === 2
  const word = (at: number) => (wide ? bytes.readBigUInt64LE(at) : BigInt(bytes.readUInt32LE(at)))
  const start = Number(word(wide ? 32 : 28))
  const size = bytes.readUInt16LE(wide ? 54 : 42)
  const count = bytes.readUInt16LE(wide ? 56 : 44)
  if (size < (wide ? 56 : 32) || start + count * size > bytes.length) return undefined
  const segments = Array.from({ length: count }, (_, index) => start + index * size)
    .filter((at) => bytes.readUInt32LE(at) === PT_LOAD)
    .map((at) => {
      const flags = bytes.readUInt32LE(at + (wide ? 4 : 24))
      return {
        address: word(at + (wide ? 16 : 8)),
        fileSize: word(at + (wide ? 32 : 16)),
        memorySize: word(at + (wide ? 40 : 20)),
        writable: (flags & PF_W) !== 0,
        executable: (flags & PF_X) !== 0,
      }
    })
  return segments.sort((a, b) => (a.address < b.address ? -1 : 1))
}

/** The segments of the program that a process runs; undefined where its file cannot be read, or is no ELF file. */
export function readLoadSegments(pid: number): LoadSegment[] | undefined {
  let fd: number | undefined
  try {
    // The link leads to the file itself, even when it has been removed or replaced.
    fd = openSync(`/proc/${pid}/exe`, 'r')
    const bytes = Buffer.alloc(4096)
    return parseLoadSegments(bytes.subarray(0, readSync(fd, bytes)))
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
