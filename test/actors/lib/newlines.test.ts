import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countNewlines } from '../../../src/actors/lib/newlines.js'

/** Bytes among which newlines are frequent, and those that differ from one in a single bit, or in the highest. */
const byte = fc.oneof(fc.constantFrom(10, 11, 8, 0x8a, 0x8b, 0, 255, 0x7f, 0x80), fc.nat(255))

test('the newlines of any bytes are counted, at any address', () => {
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 100 }), fc.nat(7), (values, offset) => {
      const bytes = new Uint8Array([...Array(offset).fill(10), ...values]).subarray(offset)
      expect(countNewlines(bytes)).toBe(values.filter((value) => value === 10).length)
    }),
  )
})

test('few bytes that begin and end between two words are counted', () => {
  for (const length of [0, 1, 2])
    expect(countNewlines(new Uint8Array(4).fill(10).subarray(1, 1 + length))).toBe(length)
})

test('no sum runs over: a MiB of newlines, and of anything else', () => {
  expect(countNewlines(Buffer.alloc(2 ** 20 + 3, 10))).toBe(2 ** 20 + 3)
  expect(countNewlines(Buffer.alloc(2 ** 20 + 3, 0x8a))).toBe(0)
})
