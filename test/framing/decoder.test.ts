import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { encode, FrameDecoder, FrameTooLongError, TruncatedFrameError } from '../../src/framing/index.js'
import { cut, header, hex, joined, somePayloads, someSizes, ways } from '../support/cuts.js'

const MiB = 1024 * 1024

afterEach(() => {
  vi.restoreAllMocks()
})

/** The error that the call throws. */
function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('it threw nothing')
}

/** Counts the bytes of all Buffers that are allocated from now on. */
function watchAllocations(): () => number {
  vi.restoreAllMocks()
  const spies = [
    vi.spyOn(Buffer, 'alloc'),
    vi.spyOn(Buffer, 'allocUnsafe'),
    vi.spyOn(Buffer, 'allocUnsafeSlow'),
  ]
  return () => spies.flatMap((spy) => spy.mock.calls).reduce((sum, [size]) => sum + size, 0)
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of all Buffers, after garbage collection: freeing those of earlier tests would hide what this one allocates. */
function memoryOfBuffers(): number {
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

describe.each(ways)('%s', (_name, take) => {
  test('gives the same frames wherever a stream is cut', () => {
    fc.assert(
      fc.property(somePayloads, someSizes, (payloads, sizes) => {
        const decoder = new FrameDecoder()
        const got = cut(joined(payloads), sizes).flatMap((chunk) => take(decoder, chunk))
        decoder.end()
        expect(hex(got)).toEqual(hex(payloads))
      }),
      { numRuns: 500 },
    )
  })

  test('gives the same frames wherever a stream of long frames is cut', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 4 })
    const sizes = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(lengths, sizes, (lengths, sizes) => {
        const payloads = lengths.map((length) =>
          Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255),
        )
        const decoder = new FrameDecoder()
        const got = cut(joined(payloads), sizes).flatMap((chunk) => take(decoder, chunk))
        decoder.end()
        expect(got.map((payload) => payload.length)).toEqual(lengths)
        expect(got.every((payload, i) => payload.equals(payloads[i]!))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('gives the same frames for a cut at every position, and at every pair of positions', () => {
    const payloads = ['hello', '', 'x', 'a little more', '', ''].map((text) => Buffer.from(text))
    const bytes = joined(payloads)
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const decoder = new FrameDecoder()
        const chunks = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
        const got = chunks.flatMap((chunk) => take(decoder, chunk))
        decoder.end()
        expect(hex(got), `cut at ${first} and ${second}`).toEqual(hex(payloads))
      }
    }
  })

  test('gives each frame as soon as its last byte has arrived', () => {
    const decoder = new FrameDecoder()
    const bytes = joined([Buffer.from('ab'), Buffer.from(''), Buffer.from('c')])
    const counts = Array.from(bytes, (byte) => take(decoder, Uint8Array.of(byte)).length)
    expect(counts).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1])
  })

  test('copies what it keeps of a chunk, so that the chunk may be reused', () => {
    fc.assert(
      fc.property(somePayloads, someSizes, (payloads, sizes) => {
        const decoder = new FrameDecoder()
        const memory = new Uint8Array(700)
        const got = cut(joined(payloads), sizes).flatMap((chunk) => {
          memory.fill(0xee)
          memory.set(chunk)
          return take(decoder, memory.subarray(0, chunk.length)).map((payload) => Buffer.from(payload))
        })
        expect(hex(got)).toEqual(hex(payloads))
      }),
    )
  })

  test('takes a plain Uint8Array that begins somewhere in its memory, and still gives Buffers', () => {
    const memory = new Uint8Array(100)
    memory.set(joined([Buffer.from('one'), Buffer.from('two')]), 13)
    const whole = take(new FrameDecoder(), memory.subarray(13, 27))
    expect(whole.map(String)).toEqual(['one', 'two'])

    const decoder = new FrameDecoder()
    const cutInHeader = [memory.subarray(13, 15), memory.subarray(15, 27)].flatMap((chunk) =>
      take(decoder, chunk),
    )
    expect(cutInHeader.map(String)).toEqual(['one', 'two'])
    expect([...whole, ...cutInHeader].every(Buffer.isBuffer)).toBe(true)
  })

  test('accepts a frame of exactly maxLength bytes and refuses one that is a byte longer', () => {
    expect(take(new FrameDecoder({ maxLength: 3 }), encode('abc')).map(String)).toEqual(['abc'])
    expect(() => take(new FrameDecoder({ maxLength: 3 }), encode('abcd'))).toThrow(FrameTooLongError)
    expect(take(new FrameDecoder({ maxLength: 0 }), encode('')).map(String)).toEqual([''])
    expect(() => take(new FrameDecoder({ maxLength: 0 }), encode('a'))).toThrow(FrameTooLongError)
  })

  test('accepts at most 16 MiB by default', () => {
    expect(take(new FrameDecoder(), header(16 * MiB))).toEqual([])
    expect(() => take(new FrameDecoder(), header(16 * MiB + 1))).toThrow(FrameTooLongError)
  })

  test('reads a length above 2^31 as a positive number', () => {
    const decoder = new FrameDecoder({ maxLength: 2 ** 32 - 1 })
    expect(take(decoder, Buffer.from('ffffffffaa', 'hex'))).toEqual([])
    expect(thrownBy(() => decoder.end())).toMatchObject({ received: 5, expected: 2 ** 32 + 3 })
  })

  test('refuses a header that is too long wherever it is cut, reports the lengths, and allocates nothing', () => {
    const bytes = Buffer.from('ffffffff', 'hex')
    for (let at = 0; at < 4; at++) {
      const decoder = new FrameDecoder()
      const allocated = watchAllocations()
      expect(take(decoder, bytes.subarray(0, at))).toEqual([])
      const error = thrownBy(() => take(decoder, bytes.subarray(at)))
      expect(allocated()).toBe(0)
      expect(error).toBeInstanceOf(FrameTooLongError)
      expect(error).toMatchObject({
        name: 'FrameTooLongError',
        length: 4294967295,
        maxLength: 16777216,
        message: 'a frame of 4294967295 bytes is too long: at most 16777216 bytes are allowed',
      })
    }
  })

  test('throws the same error at every later call', () => {
    const decoder = new FrameDecoder({ maxLength: 3 })
    const error = thrownBy(() => take(decoder, header(4)))
    for (const call of [
      () => decoder.push(encode('abc')),
      () => decoder.push(new Uint8Array(0)),
      () => decoder.scan(encode('abc'), () => {}),
      () => decoder.end(),
    ]) {
      expect(thrownBy(call)).toBe(error)
    }
  })

  test('allocates nothing for a header, and little for the first bytes after it', () => {
    const decoders = Array.from({ length: 20 }, () => new FrameDecoder())
    const before = memoryOfBuffers()
    for (const decoder of decoders) take(decoder, header(16 * MiB))
    const afterHeader = memoryOfBuffers()
    for (const decoder of decoders) take(decoder, Buffer.alloc(10))
    const afterTen = memoryOfBuffers()
    expect(decoders.map((decoder) => decoder.pending)).toEqual(Array(20).fill(14))
    expect(afterHeader - before).toBeLessThan(MiB)
    expect(afterTen - before).toBeLessThan(4 * MiB)
  })

  test('allocates at most 64 KiB, or twice the bytes that have arrived', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 6 }), (sizes) => {
        const chunks = sizes.map((size) => new Uint8Array(size))
        const decoder = new FrameDecoder()
        const announcement = header(16 * MiB)
        const allocated = watchAllocations()
        take(decoder, announcement)
        expect(allocated()).toBe(0)
        let arrived = 0
        for (const chunk of chunks) {
          arrived += chunk.length
          const allocated = watchAllocations()
          take(decoder, chunk)
          expect(allocated()).toBeLessThanOrEqual(Math.max(64 * 1024, 2 * arrived))
        }
      }),
    )
  })

  test('does work in proportion to the length of a frame, even for 16 MiB one byte at a time', () => {
    const length = 16 * MiB
    const decoder = new FrameDecoder()
    take(decoder, header(length))
    const byte = Uint8Array.of(0x5a)
    const allocated = watchAllocations()
    let early = 0
    for (let i = 1; i < length; i++) {
      early += take(decoder, byte).length
      // Checked on the way: with quadratic work, this loop would take hours.
      if (i % 4096 === 0) expect(allocated()).toBeLessThan(2 * length)
    }
    const frames = take(decoder, byte)
    // Buffers of 64 KiB, 128 KiB and so on up to 16 MiB have less than twice the bytes of the frame together.
    expect(allocated()).toBeLessThan(2 * length)
    expect(early).toBe(0)
    expect(frames.length).toBe(1)
    expect(frames[0]!.equals(Buffer.alloc(length, 0x5a))).toBe(true)
  })

  test('refuses a chunk that is not bytes, and accepts the next one that is', () => {
    const decoder = new FrameDecoder()
    expect(() => take(decoder, 'abcd' as unknown as Uint8Array)).toThrow(TypeError)
    expect(take(decoder, encode('a')).map(String)).toEqual(['a'])
  })
})

describe('push', () => {
  test('copies nothing of a frame that lies inside one chunk', () => {
    const chunk = joined([Buffer.from('hello'), Buffer.from('world')])
    const payloads = new FrameDecoder().push(chunk)
    expect(payloads.map((payload) => payload.buffer === chunk.buffer)).toEqual([true, true])
    expect(payloads.map((payload) => payload.byteOffset - chunk.byteOffset)).toEqual([4, 13])
  })

  test('copies nothing of a payload that lies inside one chunk, even if its header came before', () => {
    for (const at of [1, 2, 3, 4]) {
      const bytes = encode('hello')
      const chunk = new Uint8Array(bytes.subarray(at))
      const decoder = new FrameDecoder()
      decoder.push(bytes.subarray(0, at))
      const [payload] = decoder.push(chunk)
      expect(payload!.buffer, `cut at ${at}`).toBe(chunk.buffer)
    }
  })

  test('gives a frame that spanned chunks no more memory than it needs', () => {
    for (const length of [10_000, 70_000, 200_000]) {
      const decoder = new FrameDecoder()
      const bytes = encode(new Uint8Array(length))
      const [payload] = [bytes.subarray(0, 9_000), bytes.subarray(9_000)].flatMap((chunk) =>
        decoder.push(chunk),
      )
      expect(payload!.length).toBe(length)
      expect(payload!.buffer.byteLength).toBe(length)
    }
  })

  test('does not reuse the buffers of its frames: later chunks do not overwrite them', () => {
    fc.assert(
      fc.property(somePayloads, someSizes, (payloads, sizes) => {
        const decoder = new FrameDecoder()
        const held: Buffer[] = []
        for (const chunk of cut(joined(payloads), sizes)) held.push(...decoder.push(chunk))
        for (let i = 0; i < 20; i++)
          for (const byte of encode(Buffer.alloc(300, 0xee))) decoder.push(Uint8Array.of(byte))
        expect(hex(held)).toEqual(hex(payloads))
      }),
    )
  })

  test('returns the frames before a header that is too long, and throws at the next call', () => {
    const bytes = Buffer.concat([encode('one'), encode('two'), header(4), Buffer.from('five')])
    for (const next of [
      (decoder: FrameDecoder) => decoder.push(encode('abc')),
      (decoder: FrameDecoder) => decoder.push(new Uint8Array(0)),
      (decoder: FrameDecoder) => decoder.scan(encode('abc'), () => {}),
      (decoder: FrameDecoder) => decoder.end(),
    ]) {
      const decoder = new FrameDecoder({ maxLength: 3 })
      expect(decoder.push(bytes).map(String)).toEqual(['one', 'two'])
      expect(thrownBy(() => next(decoder))).toMatchObject({
        name: 'FrameTooLongError',
        length: 4,
        maxLength: 3,
      })
    }
  })

  test('loses none of the frames before a header that is too long, wherever the stream is cut', () => {
    const bytes = Buffer.concat([encode('one'), encode(''), encode('two'), header(4), encode('abc')])
    for (let at = 0; at <= bytes.length; at++) {
      const decoder = new FrameDecoder({ maxLength: 3 })
      const got: Buffer[] = []
      const error = thrownBy(() => {
        for (const chunk of [bytes.subarray(0, at), bytes.subarray(at)]) got.push(...decoder.push(chunk))
        decoder.end()
      })
      expect(error).toBeInstanceOf(FrameTooLongError)
      expect(got.map(String)).toEqual(['one', '', 'two'])
    }
  })
})

describe('scan', () => {
  test('gives offsets into the chunk itself', () => {
    const chunk = joined([Buffer.from('hello'), Buffer.from(''), Buffer.from('world')])
    const seen: [Buffer, number, number][] = []
    new FrameDecoder().scan(chunk, (...frame) => {
      seen.push(frame)
    })
    expect(seen.map(([, start, end]) => [start, end])).toEqual([
      [4, 9],
      [13, 13],
      [17, 22],
    ])
    expect(seen.every(([buffer]) => buffer === chunk)).toBe(true)
  })

  test('calls back for the frames before a header that is too long, and then throws at once', () => {
    const decoder = new FrameDecoder({ maxLength: 3 })
    const got: string[] = []
    const error = thrownBy(() =>
      decoder.scan(Buffer.concat([encode('one'), encode('two'), header(4)]), (buffer, start, end) => {
        got.push(buffer.toString('latin1', start, end))
      }),
    )
    expect(got).toEqual(['one', 'two'])
    expect(error).toBeInstanceOf(FrameTooLongError)
  })

  test.each([
    ['inside one chunk', [13]],
    ['that spanned chunks', [6, 7]],
  ])('stops for good when the callback throws for a frame %s', (_where, sizes) => {
    const decoder = new FrameDecoder()
    const calls: number[] = []
    const error = thrownBy(() => {
      for (const chunk of cut(joined([Buffer.from('hello'), Buffer.from('')]), sizes)) {
        decoder.scan(chunk, (_buffer, start) => {
          calls.push(start)
          throw undefined
        })
      }
    })
    expect(error).toBe(undefined)
    expect(calls.length).toBe(1)
    expect(thrownBy(() => decoder.push(encode('abc')))).toBe(undefined)
    expect(thrownBy(() => decoder.end())).toBe(undefined)
  })
})

describe('end', () => {
  test('throws for a stream that stopped anywhere but between two frames', () => {
    const bytes = joined([Buffer.from('hello'), Buffer.from(''), Buffer.from('x')])
    const boundaries = [0, 9, 13, 18]
    for (let at = 0; at <= bytes.length; at++) {
      const decoder = new FrameDecoder()
      decoder.push(bytes.subarray(0, at))
      if (boundaries.includes(at)) {
        decoder.end()
        continue
      }
      const begin = Math.max(...boundaries.filter((boundary) => boundary < at))
      const end = Math.min(...boundaries.filter((boundary) => boundary > at))
      const error = thrownBy(() => decoder.end())
      expect(error).toBeInstanceOf(TruncatedFrameError)
      const expected = at - begin < 4 ? 4 : end - begin
      expect(error).toMatchObject({ name: 'TruncatedFrameError', received: at - begin, expected })
    }
  })

  test('reports how many bytes arrived and how many were expected', () => {
    const decoder = new FrameDecoder()
    decoder.push(Buffer.from('000000', 'hex'))
    expect(() => decoder.end()).toThrow(
      'the stream ended inside a header: 3 of 4 bytes arrived, counting the header',
    )
    decoder.push(Buffer.from('056865', 'hex'))
    expect(() => decoder.end()).toThrow(
      'the stream ended inside a frame: 6 of 9 bytes arrived, counting the header',
    )
  })
})

describe('pending', () => {
  test('is the number of bytes of a partial frame, its header included', () => {
    const decoder = new FrameDecoder()
    const after = Array.from(joined([Buffer.from('ab'), Buffer.from('')]), (byte) => {
      decoder.push(Uint8Array.of(byte))
      return decoder.pending
    })
    expect(after).toEqual([1, 2, 3, 4, 5, 0, 1, 2, 3, 0])
    decoder.push(Buffer.concat([encode('abc'), header(100), Buffer.from('abc')]))
    expect(decoder.pending).toBe(7)
  })
})

describe('maxLength', () => {
  test.each([-1, 1.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY, '5', null])(
    'cannot be %s',
    (maxLength) => {
      const attempt = () => new FrameDecoder({ maxLength: maxLength as number })
      expect(attempt).toThrow(RangeError)
      expect(attempt).toThrow(`maxLength must be an integer from 0 to 4294967295, not ${maxLength}`)
    },
  )

  test.each([0, 1, 2 ** 32 - 1, undefined])('can be %s', (maxLength) => {
    expect(new FrameDecoder({ maxLength }).push(encode('')).length).toBe(1)
  })
})
