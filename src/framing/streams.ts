import { Transform, type TransformCallback } from 'node:stream'
import { type DecodeOptions, FrameDecoder } from './decoder.js'
import { encode } from './encode.js'
import { slice } from './slice.js'

const NOTHING = new Uint8Array(0)

/**
 * Yields the payloads of the frames in a stream, such as a socket or a file, one at a time. They may share memory with the chunks
 * of `source`. Leaving the loop early closes `source`, and so does an error.
 *
 * @throws {RangeError} at once, if `maxLength` is not an integer from 0 to 2^32 - 1
 * @throws {FrameTooLongError} after the frames before it, if a header announces more than `maxLength` bytes
 * @throws {TruncatedFrameError} after the frames before it, if `source` ends inside a frame
 */
export function decode(source: AsyncIterable<Uint8Array>, options?: DecodeOptions): AsyncGenerator<Buffer> {
  // The decoder is made here, so that bad options throw at once: the body of a generator runs only when a frame is requested.
  return frames(source, new FrameDecoder(options))
}

async function* frames(source: AsyncIterable<Uint8Array>, decoder: FrameDecoder): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    for (const frame of decoder.push(chunk)) yield frame
    // `push` defers the error of a header behind those frames to the next call. The next chunk may never arrive.
    decoder.push(NOTHING)
  }
  decoder.end()
}

/**
 * A Transform that makes one frame of each write, a Uint8Array or a string. It fails with what {@link encode} throws.
 */
export function encodeStream(): Transform {
  return new Transform({
    writableObjectMode: true,
    transform(payload, _encoding, done) {
      let frame: Buffer
      try {
        frame = encode(payload)
      } catch (error) {
        done(error as Error) // encode throws Error objects only.
        return
      }
      done(null, frame)
    },
  })
}

/**
 * A Transform from bytes to the payloads of the frames in them. Its readable side is in object mode, so each read is one payload,
 * even an empty one. The payloads may share memory with the chunks written.
 *
 * It fails with FrameTooLongError if a header announces more than `maxLength` bytes, and with TruncatedFrameError if the
 * stream ends inside a frame. In both cases, it fails only after the frames before have been read.
 *
 * @throws {RangeError} if `maxLength` is not an integer from 0 to 2^32 - 1
 */
export function decodeStream(options?: DecodeOptions): Transform {
  return new DecodeStream(options)
}

class DecodeStream extends Transform {
  readonly #decoder: FrameDecoder
  #fail: (() => void) | undefined

  constructor(options?: DecodeOptions) {
    super({ readableObjectMode: true })
    this.#decoder = new FrameDecoder(options)
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#run(done, () => {
      this.#decoder.scan(chunk, (buffer, start, end) => {
        this.push(slice(buffer, start, end))
      })
    })
  }

  override _flush(done: TransformCallback): void {
    this.#run(done, () => this.#decoder.end())
  }

  override read(size?: number): unknown {
    const frame = super.read(size)
    this.#failIfRead()
    return frame
  }

  #run(done: TransformCallback, step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#fail = () => done(error as Error) // The decoder throws Error objects only.
      this.#failIfRead()
      return
    }
    done()
  }

  /** An error destroys the stream together with its unread frames, so it must wait until they have been read. */
  #failIfRead(): void {
    const fail = this.#fail
    if (fail === undefined || this.readableLength > 0) return
    this.#fail = undefined
    fail()
  }
}
