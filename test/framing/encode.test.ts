import { describe, expect, test } from 'vitest'
import { encode, FrameTooLongError } from '../../src/framing/index.js'

/** An empty payload that reports a length of 4 GiB. */
function hugePayload(): Uint8Array {
  return Object.defineProperty(new Uint8Array(0), 'byteLength', { value: 2 ** 32 })
}

describe('encode', () => {
  test('writes the length as four big-endian bytes, then the payload', () => {
    expect([...encode('hello')]).toEqual([0, 0, 0, 5, 0x68, 0x65, 0x6c, 0x6c, 0x6f])
    expect([...encode(Uint8Array.of(0, 255))]).toEqual([0, 0, 0, 2, 0, 255])
    expect([...encode(new Uint8Array(0x01_02_03)).subarray(0, 4)]).toEqual([0, 1, 2, 3])
  })

  test('makes a header of zeros, and nothing else, of an empty payload', () => {
    expect([...encode('')]).toEqual([0, 0, 0, 0])
    expect([...encode(new Uint8Array(0))]).toEqual([0, 0, 0, 0])
  })

  test('counts a string in bytes of UTF-8, not in characters', () => {
    expect([...encode('é€😀')]).toEqual([0, 0, 0, 9, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80])
  })

  test('accepts a view of a part of a buffer', () => {
    const payload = Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 4)
    expect([...encode(payload)]).toEqual([0, 0, 0, 3, 2, 3, 4])
  })

  test('copies the payload', () => {
    const payload = Uint8Array.of(7)
    const frame = encode(payload)
    payload[0] = 8
    expect(frame[4]).toBe(7)
  })

  test('refuses a payload whose length does not fit in four bytes', () => {
    const attempt = () => encode(hugePayload())
    expect(attempt).toThrow(FrameTooLongError)
    expect(attempt).toThrow(RangeError)
    expect(attempt).toThrow(
      expect.objectContaining({
        name: 'FrameTooLongError',
        length: 4294967296,
        maxLength: 4294967295,
        message: 'a frame of 4294967296 bytes is too long: at most 4294967295 bytes are allowed',
      }),
    )
  })

  test.each([
    ['a number', 5],
    ['an array', [1, 2]],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['a view that is not of bytes', new Uint16Array(4)],
    ['nothing', undefined],
  ])('refuses %s, because it would send uninitialised memory', (_what, payload) => {
    expect(() => encode(payload as unknown as string)).toThrow(TypeError)
  })
})
