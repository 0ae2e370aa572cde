import { expect, test } from 'vitest'
import { counted, duration, largest, lineSplitter, size, thousands } from '../src/text.js'

test.each([
  [0, '0'],
  [999, '999'],
  [-1000, '-1,000'],
  [1_234_567, '1,234,567'],
  [1234.5678, '1234.5678'],
  [1e21, '1e+21'],
])('the number %d is written %s', (number, text) => {
  expect(thousands(number)).toBe(text)
})

test('one has a singular noun, every other number a plural', () => {
  expect([0, 1, 2000].map((number) => counted(number, 'byte'))).toEqual(['0 bytes', '1 byte', '2,000 bytes'])
  expect(counted(2, 'echo', 'echoes')).toBe('2 echoes')
})

test.each([
  [0, '0.0 ms'],
  [1499, '1.5 ms'],
  [180_400, '180 ms'],
  [999_499, '999 ms'],
  [999_500, '1.00 s'],
  [2_500_000, '2.50 s'],
])('%d microseconds are %s', (time, text) => {
  expect(duration(time)).toBe(text)
})

test.each([
  [0, '0 B'],
  [135_168, '132 KiB'],
  [2_000_000, '1.9 MiB'],
  [2 ** 60, '1024 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(size(bytes)).toBe(text)
})

test('the largest is found among more numbers than a call can have arguments', () => {
  expect(largest([3, 7, 5], 0)).toBe(7)
  expect(largest([], 4)).toBe(4)
  expect(largest(new Uint8Array(1e6).fill(9), 0)).toBe(9)
})

test('lines are the same, however the bytes are cut; a last line without its newline is not passed on', () => {
  const bytes = Buffer.from('one\n\ntwö €\nthree')
  for (let at = 0; at <= bytes.length; at++) {
    const lines: string[] = []
    const take = lineSplitter((line) => void lines.push(line))
    take(bytes.subarray(0, at))
    take(bytes.subarray(at))
    expect(lines).toEqual(['one', '', 'twö €'])
  }
})

test('a line that is too long is cut, however the bytes arrive, and its rest is not collected', () => {
  const bytes = Buffer.from(`${'a'.repeat(25)}\n${'b'.repeat(10)}\nshort\n`)
  for (const size of [1, 7, 12, bytes.length]) {
    const lines: string[] = []
    const take = lineSplitter((line) => void lines.push(line), 10)
    for (let at = 0; at < bytes.length; at += size) take(bytes.subarray(at, at + size))
    expect(lines).toEqual([`${'a'.repeat(10)}...`, 'b'.repeat(10), 'short'])
  }
})
