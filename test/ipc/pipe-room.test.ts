/** How much a pipe holds, and its capacity, with a FIFO of the test. */
import { execFileSync } from 'node:child_process'
import { closeSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openBothEnds } from '../../src/ipc/fifo.js'
import { withoutCapability } from '../../src/ipc/libc.js'
import { bytesInPipe, hasRoom, pageSize, pipeCapacity, resizePipe } from '../../src/ipc/pipe-room.js'
import { readText } from '../../src/proc/read.js'
import { temporaryFolder } from '../support/osdemo.js'

function newPipe() {
  const path = join(temporaryFolder(), 'fifo')
  execFileSync('mkfifo', [path])
  const ends = openBothEnds(path)
  onTestFinished(() => {
    closeSync(ends.reading)
    closeSync(ends.writing)
  })
  return ends
}

test('the kernel counts the bytes that are written and not yet read', () => {
  const { reading, writing } = newPipe()
  expect([bytesInPipe(reading), hasRoom(writing)]).toEqual([0, true])
  writeSync(writing, 'hello')
  expect(bytesInPipe(reading)).toBe(5)
  readSync(reading, Buffer.alloc(2))
  expect(bytesInPipe(writing)).toBe(3)
})

test('a pipe of one page is full after one write of more than half a page', () => {
  const { reading, writing } = newPipe()
  expect(resizePipe(writing, 1)).toBe(pageSize())
  expect(pipeCapacity(reading)).toBe(pageSize())
  const half = Buffer.alloc(pageSize() / 2 + 1)
  writeSync(writing, half)
  expect(hasRoom(writing)).toBe(false)
  expect(() => writeSync(writing, half)).toThrow('EAGAIN')
})

test('opening both ends of a missing FIFO is a system call error', () => {
  expect(() => openBothEnds('/nowhere/fifo')).toThrow('cannot open the FIFO /nowhere/fifo: open: ENOENT')
})

/** CapEff of this thread, as the kernel prints it. */
function effective(): bigint {
  const status = readText('/proc/thread-self/status')!
  return BigInt(`0x${/^CapEff:\s*(\w+)$/m.exec(status)![1]}`)
}

test('a capability is dropped during the call, and restored afterwards', ({ skip }) => {
  const kill = 5
  const before = effective()
  skip((before & (1n << BigInt(kill))) === 0n, 'this process has no CAP_KILL to drop')
  expect(withoutCapability(kill, effective)).toBe(before & ~(1n << BigInt(kill)))
  expect(effective()).toBe(before)
  expect(() => withoutCapability(kill, () => JSON.parse('no'))).toThrow(SyntaxError)
  expect(effective()).toBe(before)
})
