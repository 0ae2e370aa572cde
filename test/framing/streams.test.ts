import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decode,
  decodeStream,
  encode,
  encodeStream,
  FrameTooLongError,
  TruncatedFrameError,
} from '../../src/framing/index.js'
import { cut, header, hex, joined, somePayloads, someSizes } from '../support/cuts.js'

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}

/** Reads until the end or an error, and returns the frames and the error. */
async function collect(frames: AsyncIterable<Buffer>): Promise<{ got: string[]; error: unknown }> {
  const got: string[] = []
  try {
    for await (const frame of frames) {
      await turn()
      got.push(frame.toString())
    }
  } catch (error) {
    return { got, error }
  }
  return { got, error: undefined }
}

/** More frames than a stream in object mode keeps in its buffer. */
const many = Array.from({ length: 50 }, (_, i) => `frame ${i}`)
const manyFrames = Buffer.concat(many.map((text) => encode(text)))

const decoders: [string, (source: AsyncIterable<Uint8Array>, maxLength?: number) => AsyncIterable<Buffer>][] =
  [
    ['decode', (source, maxLength) => decode(source, { maxLength })],
    ['decodeStream', (source, maxLength) => Readable.from(source).pipe(decodeStream({ maxLength }))],
  ]

describe.each(decoders)('%s', (_name, frames) => {
  test('gives the same frames wherever a stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(somePayloads, someSizes, async (payloads, sizes) => {
        const got: Buffer[] = []
        for await (const frame of frames(each(cut(joined(payloads), sizes)))) got.push(frame)
        expect(hex(got)).toEqual(hex(payloads))
      }),
    )
  })

  test('gives every frame before a header that is too long to a slow reader, and then fails', async () => {
    const bytes = Buffer.concat([manyFrames, header(101), Buffer.alloc(101)])
    for (const size of [bytes.length, 64, 7]) {
      const { got, error } = await collect(frames(each(cut(bytes, [size])), 100))
      expect(got).toEqual(many)
      expect(error).toBeInstanceOf(FrameTooLongError)
    }
  })

  test('fails for a header that is too long without waiting for the next chunk', async () => {
    const source = new PassThrough()
    source.write(Buffer.concat([encode('one'), header(101)]))
    const { got, error } = await collect(frames(source, 100))
    source.end()
    expect(got).toEqual(['one'])
    expect(error).toBeInstanceOf(FrameTooLongError)
  })

  test('gives every frame before the end of a truncated stream to a slow reader, and then fails', async () => {
    const bytes = Buffer.concat([manyFrames, header(5), Buffer.from('hel')])
    for (const size of [bytes.length, 64, 7]) {
      const { got, error } = await collect(frames(each(cut(bytes, [size]))))
      expect(got).toEqual(many)
      expect(error).toBeInstanceOf(TruncatedFrameError)
      expect(error).toMatchObject({ received: 7, expected: 9 })
    }
  })

  test('fails with nothing before it when the first header is too long', async () => {
    const { got, error } = await collect(frames(each([header(101)]), 100))
    expect(got).toEqual([])
    expect(error).toBeInstanceOf(FrameTooLongError)
  })

  test('throws for bad options at once', () => {
    expect(() => frames(each([]), -1)).toThrow(RangeError)
  })
})

describe('decode', () => {
  test.each([
    ['the reader leaves early', encode('one')],
    ['it fails', header(101)],
  ])('closes its source when %s', async (_when, chunk) => {
    const source = new PassThrough()
    source.write(chunk)
    try {
      for await (const _frame of decode(source, { maxLength: 100 })) break
    } catch {}
    expect(source.destroyed).toBe(true)
  })

  test('passes on the error of its source', async () => {
    const broken = new Error('the connection broke')
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.concat([encode('one'), header(5)])
      throw broken
    }
    const { got, error } = await collect(decode(source()))
    expect(got).toEqual(['one'])
    expect(error).toBe(broken)
  })
})

describe('decodeStream', () => {
  test('gives every frame to "data" listeners before the error', async () => {
    const stream = decodeStream({ maxLength: 100 })
    const events: string[] = []
    const closed = new Promise((resolve) => stream.on('close', resolve))
    stream.on('data', (frame) => events.push(String(frame)))
    stream.on('error', (error) => events.push(error.name))
    stream.write(Buffer.concat([manyFrames, header(101)]))
    await closed
    expect(events).toEqual([...many, 'FrameTooLongError'])
  })

  test('gives every frame to a reader that pauses before the error', async () => {
    const stream = decodeStream({ maxLength: 100 })
    const events: string[] = []
    const closed = new Promise((resolve) => stream.on('close', resolve))
    stream.on('error', (error) => events.push(error.name))
    stream.on('data', (frame) => {
      events.push(String(frame))
      stream.pause()
      setImmediate(() => stream.resume())
    })
    stream.end(Buffer.concat([manyFrames, header(101)]))
    await closed
    expect(events).toEqual([...many, 'FrameTooLongError'])
  })

  test('fails the write of the bytes that it could not decode', async () => {
    const stream = decodeStream({ maxLength: 100 })
    stream.on('error', () => {})
    const error = await new Promise((resolve) => stream.write(header(101), resolve))
    expect(error).toBeInstanceOf(FrameTooLongError)
  })

  test('fails the pipeline that it is in', async () => {
    const sink = new Writable({ objectMode: true, write: (_frame, _encoding, done) => done() })
    const run = pipeline(Readable.from([Buffer.concat([manyFrames, header(5)])]), decodeStream(), sink)
    await expect(run).rejects.toThrow(TruncatedFrameError)
  })
})

describe('encodeStream', () => {
  test('makes one frame of each write, of bytes or of text, also of an empty one', async () => {
    const stream = encodeStream()
    stream.write('hé')
    stream.write('')
    stream.write(new Uint8Array(0))
    stream.end(Uint8Array.of(1, 2))
    const bytes = Buffer.concat(await stream.toArray())
    expect(bytes.toString('hex')).toBe('0000000368c3a90000000000000000000000020102')
  })

  test('fails for a write that is neither', async () => {
    const stream = encodeStream()
    stream.write(5)
    await expect(stream.toArray()).rejects.toThrow(TypeError)
  })

  test('and decodeStream give back the same payloads, wherever the bytes between them are cut', async () => {
    await fc.assert(
      fc.asyncProperty(somePayloads, someSizes, async (payloads, sizes) => {
        async function* recut(source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
          for await (const bytes of source) yield* cut(bytes, sizes)
        }
        const got: Buffer[] = []
        await pipeline(Readable.from(payloads), encodeStream(), recut, decodeStream(), async (source) => {
          for await (const frame of source) got.push(frame as Buffer)
        })
        expect(hex(got)).toEqual(hex(payloads))
      }),
    )
  })
})
