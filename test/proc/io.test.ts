import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseIo, startIoCount } from '../../src/proc/io.js'

test('parses an io file', () => {
  const text =
    'rchar: 95225\nwchar: 168\nsyscr: 83\nsyscw: 2\nread_bytes: 0\nwrite_bytes: 4096\ncancelled_write_bytes: 0\n'
  expect(parseIo(text)).toEqual({ reads: 83, bytesRead: 95_225, writes: 2, bytesWritten: 168 })
})

describe.runIf(process.platform === 'linux')('the calling thread', () => {
  test('gets the counts of its own calls, without those of the looks', () => {
    const [from, to] = [openSync('/dev/zero', 'r'), openSync('/dev/null', 'w')]
    const bytes = Buffer.alloc(1000)
    const count = startIoCount()!
    for (let i = 0; i < 7; i++) readSync(from, bytes)
    for (let i = 0; i < 5; i++) writeSync(to, bytes)
    const { reads, bytesRead, writes, bytesWritten } = count()
    closeSync(from)
    closeSync(to)
    // Node itself may wake its event loop meanwhile, with a write of 8 bytes.
    const near = (number: number, count: number, more: number) => {
      expect(number).toBeGreaterThanOrEqual(count)
      expect(number).toBeLessThan(count + more)
    }
    near(reads, 7, 3)
    near(bytesRead, 7000, 64)
    near(writes, 5, 3)
    near(bytesWritten, 5000, 64)
  })
})
