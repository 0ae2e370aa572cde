/** The addresses that a program asks for: the program headers of its ELF file, man 5 elf. */
import { closeSync, openSync, readSync } from 'node:fs'
import { errnoOf } from '../errors.js'

/** A PT_LOAD entry: a part of the file, and the addresses at which the kernel maps it. */
export interface LoadSegment {
  /** The address that the file asks for. The kernel moves a position-independent program as a whole. */
  address: bigint
  /** Bytes that come from the file. */
  fileSize: bigint
  /** Bytes in memory. Those beyond `fileSize` are not in the file and start as zero: they are the bss. */
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
 * @returns the segments, lowest address first; undefined where the bytes are no such file, or do not contain all headers
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

/** The segments of the program that a process executes; undefined where its file cannot be read, or is no ELF file. */
export function readLoadSegments(pid: number): LoadSegment[] | undefined {
  let fd: number | undefined
  try {
    // The link opens the file that is executed, even when its path was removed or now names another file.
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
