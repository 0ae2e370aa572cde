import { expect, test } from 'vitest'
import { parseFrame, readFrame } from '../../src/proc/pagemap.js'
import { readMaps } from '../../src/proc/smaps.js'
import { NO_PID } from '../support/children.js'

test('an entry has the number of the page frame in bits 0 to 54, and other bits above', () => {
  expect(parseFrame(0x8180_0000_0012_3456n)).toBe(0x12_3456)
  expect(parseFrame(0x807f_ffff_ffff_ffffn)).toBe(2 ** 55 - 1)
})

test('a page that is in swap, or whose number the kernel hides, has no page frame', () => {
  expect(parseFrame(0x4000_0000_0012_3456n)).toBeUndefined()
  expect(parseFrame(0x8180_0000_0000_0000n)).toBeUndefined()
})

test('no page frame is found where nothing is mapped, or where there is no process', () => {
  expect(readFrame(process.pid, 0n)).toBeUndefined()
  expect(readFrame(NO_PID, readMaps(process.pid)[0]?.from ?? 0n)).toBeUndefined()
})
