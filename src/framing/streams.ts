import { Transform, type TransformCallback } from 'node:stream'
import { type DecodeOptions, FrameDecoder } from './decoder.js'
import { encode } from './encode.js'
import { slice } from './slice.js'

const NOTHING = new Uint8Array(0)

/**
 * Gives the payloads of the frames in a stream, such as a socket or a file, one at a time. They may share memory with
 * the chunks of `source`. Leaving the loop early closes `source`, and so does an error.
 *
 * @throws {RangeError} at once, if `maxLength` is not an integer from 0 to 2^32 - 1
 * @throws {FrameTooLongError} after the frames before it, if a header announces more than `maxLength` bytes
 * @throws {TruncatedFrameError} after the frames before it, if `source` ends inside a frame
 */
export function decode(source: AsyncIterable<Uint8Array>, options?: DecodeOptions): AsyncGenerator<Buffer> {
  // Not in the generator, which would not run, and so not complain of the options, before the first frame is asked for.
  return frames(source, new FrameDecoder(options))
}

async function* frames(source: AsyncIterable<Uint8Array>, decoder: FrameDecoder): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    for (const frame of decoder.push(chunk)) yield frame
    // Makes it throw now what it put off for the sake of those frames: the next chunk may never come.
    decoder.push(NOTHING)
  }
  decoder.end()
}

/**
 * A Transform that turns each write, a Uint8Array or a string, into one frame. It fails with what {@link encode} throws.
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
 * A Transform from bytes to the payloads of the frames in them. Its readable side is in object mode: each read is one
 * payload, and an empty one is not lost. The payloads may share memory with the chunks written.
 *
 * It fails with FrameTooLongError if a header announces more than `maxLength` bytes, and with TruncatedFrameError if the
 * stream ends inside a frame; in both cases only when the frames before have been read.
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

  /** An error destroys the stream and the frames in it that nobody has read, so it has to wait until they are read. */
  #failIfRead(): void {
    const fail = this.#fail
    if (fail === undefined || this.readableLength > 0) return
    this.#fail = undefined
    fail()
  }
}
