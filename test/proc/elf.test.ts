import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseLoadSegments, readLoadSegments } from '../../src/proc/elf.js'
import { readSmaps } from '../../src/proc/smaps.js'
import { NO_PID } from '../support/children.js'

/** A 32-bit file with one program header: a segment of data with bss after it. */
function smallFile(): Buffer {
  const bytes = Buffer.alloc(84)
  bytes.write('\x7fELF\x01\x01\x01', 0, 'latin1')
  bytes.writeUInt32LE(52, 28)
  bytes.writeUInt16LE(32, 42)
  bytes.writeUInt16LE(1, 44)
  const words = [1, 0, 0x804a000, 0x804a000, 0x10, 0x30, 6, 0x1000]
  for (const [at, word] of words.entries()) bytes.writeUInt32LE(word, 52 + 4 * at)
  return bytes
}

describe('parseLoadSegments', () => {
  test('reads a 32-bit file', () => {
    expect(parseLoadSegments(smallFile())).toEqual([
      { address: 0x804a000n, fileSize: 0x10n, memorySize: 0x30n, writable: true, executable: false },
    ])
  })

  test('returns undefined for a truncated file, and for a file that is no ELF file', () => {
    const whole = smallFile()
    for (let length = 0; length < whole.length; length++)
      expect(parseLoadSegments(whole.subarray(0, length))).toBeUndefined()
    expect(parseLoadSegments(Buffer.from(`#!/bin/sh\n${' '.repeat(100)}`))).toBeUndefined()
  })

  test('does not throw for any bytes after the magic number', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 300 }), fc.constantFrom(1, 2), (bytes, width) => {
        const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, width, 1])
        const segments = parseLoadSegments(Buffer.concat([magic, bytes]))
        expect(segments === undefined || Array.isArray(segments)).toBe(true)
      }),
    )
  })
})

describe.runIf(process.platform === 'linux')('readLoadSegments', () => {
  test('finds text, data and bss at the addresses at which the kernel has mapped them', () => {
    const segments = readLoadSegments(process.pid)!
    expect(segments).toEqual(parseLoadSegments(readFileSync(process.execPath).subarray(0, 4096)))
    const text = segments.find(({ executable }) => executable)!
    const data = segments.find(({ writable }) => writable)!
    expect(data.memorySize).toBeGreaterThan(data.fileSize)
    const mappings = readSmaps(process.pid)!.filter(({ name }) => name === process.execPath)
    const moved = mappings[0]!.from - (segments[0]!.address & ~0xfffn)
    const holds = (address: bigint, right: string) =>
      readSmaps(process.pid)!.some(
        ({ from, to, permissions }) => from <= address && address < to && permissions.includes(right),
      )
    expect(holds(text.address + moved, 'x')).toBe(true)
    expect(holds(data.address + data.memorySize - 1n + moved, 'w')).toBe(true)
  })

  test('returns undefined for a process that does not exist', () => {
    expect(readLoadSegments(NO_PID)).toBeUndefined()
  })
})
