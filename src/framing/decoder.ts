import { FrameTooLongError, TruncatedFrameError } from './errors.js'
import { headerBytes, lengthAt } from './header.js'
import { slice } from './slice.js'

const FIRST_ALLOCATION = 64 * 1024

export interface DecodeOptions {
  /** The longest payload to accept, in bytes: an integer from 0 to 2^32 - 1. By default 16 MiB. */
  maxLength?: number | undefined
}

/** Is told of one frame: its payload is `buffer` from the offset `start` up to, but without, `end`. */
export type OnFrame = (buffer: Buffer, start: number, end: number) => void

/**
 * Cuts a stream of bytes into the frames that {@link encode} made, wherever the chunks of that stream begin and end.
 *
 * A payload that lies inside one chunk is not copied: it shares memory with the chunk, so copy it if you keep it and
 * reuse the chunk. (It also keeps the whole chunk alive.) A payload that spans chunks is put together in a buffer
 * of its own, which the decoder gives away and never touches again. That buffer grows with the bytes that have arrived,
 * whatever length the header announces: it is never longer than 64 KiB or twice those bytes, whichever is more.
 *
 * After a header that is too long, or a callback that threw, the decoder no longer knows where the next header is: it is
 * of no further use, and every later call of `push`, `scan` or `end` throws the same error again.
 *
 * @throws {RangeError} if `maxLength` is not an integer from 0 to 2^32 - 1
 */
export class FrameDecoder {
  readonly #maxLength: number
  /** The bytes taken of an unfinished frame: up to 4 of its header, then those of its payload. */
  #pending = 0
  /** The header's bytes so far, as a number; the payload's length once there are 4 of them. */
  #length = 0
  /** The payload's bytes so far. There is none until the first of them has to be kept. */
  #body: Buffer | undefined
  /** In an object, because a callback may throw anything, even undefined. */
  #failure: { error: unknown } | undefined

  constructor({ maxLength = 16 * 1024 * 1024 }: DecodeOptions = {}) {
    if (!Number.isInteger(maxLength) || maxLength < 0 || maxLength > 0xffff_ffff) {
      throw new RangeError(`maxLength must be an integer from 0 to 4294967295, not ${String(maxLength)}`)
    }
    this.#maxLength = maxLength
  }

  /** The bytes that arrived of a frame that is not complete yet, its header included; 0 between two frames. */
  get pending(): number {
    return this.#pending
  }

  /**
   * Takes the next chunk of the stream, of any size, and returns the payloads that it completed, in order.
   *
   * Where the chunk holds a header above `maxLength`, the frames before it come first: they are returned, and the next
   * call of any method throws. If there are none before it in this chunk, this call throws.
   *
   * @throws {FrameTooLongError} if a header announces more than `maxLength` bytes
   * @throws {TypeError} if the chunk is not a Uint8Array (such as a string, from a stream with `setEncoding`)
   */
  push(chunk: Uint8Array): Buffer[] {
    const frames: Buffer[] = []
    try {
      this.scan(chunk, (buffer, start, end) => {
        frames.push(slice(buffer, start, end))
      })
    } catch (error) {
      if (frames.length === 0) throw error
    }
    return frames
  }

  /**
   * Like `push`, but calls back for each frame and makes no Buffer for it, which for small frames is most of the cost.
   * `buffer` is the chunk itself (as a Buffer), or for a frame that spanned chunks, a buffer that is yours from then on.
   * The callback must not call this decoder.
   *
   * An error that the callback throws comes out of `scan`, and counts as a failure of the decoder: the rest of the chunk
   * is lost, and every later call throws that error again.
   *
   * @throws {FrameTooLongError} if a header announces more than `maxLength` bytes; at once, but after it has called back
   *   for the frames before that header
   * @throws {TypeError} if the chunk is not a Uint8Array
   */
  scan(chunk: Uint8Array, onFrame: OnFrame): void {
    if (this.#failure) throw this.#failure.error
    // A string would be read as zeros, that is as empty frames, without a word.
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a chunk must be a Uint8Array')
    try {
      this.#walk(chunk, onFrame)
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  /**
   * Says that the stream has ended.
   *
   * @throws {TruncatedFrameError} if it ended inside a frame, or inside a header
   */
  end(): void {
    if (this.#failure) throw this.#failure.error
    if (this.#pending === 0) return
    throw new TruncatedFrameError(
      this.#pending,
      this.#pending < headerBytes ? headerBytes : headerBytes + this.#length,
    )
  }

  #walk(chunk: Uint8Array, onFrame: OnFrame): void {
    let at = this.#pending === 0 ? 0 : this.#take(chunk, 0, onFrame)
    if (this.#pending > 0) return

    const buffer = asBuffer(chunk)
    const size = buffer.length
    const maxLength = this.#maxLength
    // The fast path: it allocates nothing and uses only local variables while the chunk contains whole frames.
    while (size - at >= headerBytes) {
      const length = lengthAt(buffer, at)
      const start = at + headerBytes
      if (length > size - start || length > maxLength) break
      at = start + length
      onFrame(buffer, start, at)
    }
    if (at < size) this.#take(buffer, at, onFrame)
  }

  /** Takes from the chunk what it has of one frame, begun or not, and returns the offset behind that. */
  #take(chunk: Uint8Array, from: number, onFrame: OnFrame): number {
    const size = chunk.length
    let at = from
    if (this.#pending < headerBytes) {
      while (this.#pending < headerBytes && at < size) {
        this.#length = ((this.#length << 8) | chunk[at++]!) >>> 0 // at < size
        this.#pending++
      }
      if (this.#pending < headerBytes) return at
      // Before anything is allocated: the header comes from a stranger.
      if (this.#length > this.#maxLength) throw new FrameTooLongError(this.#length, this.#maxLength)
    }

    const length = this.#length
    const filled = this.#pending - headerBytes
    const end = at + Math.min(length - filled, size - at)
    if (filled + end - at < length) {
      if (at < end) this.#keep(chunk, at, end)
      return end
    }
    if (filled === 0) {
      this.#reset()
      onFrame(asBuffer(chunk), at, end)
    } else {
      const body = this.#keep(chunk, at, end)
      this.#reset()
      onFrame(body, 0, length)
    }
    return end
  }

  #reset(): void {
    this.#pending = 0
    this.#length = 0
    this.#body = undefined
  }

  /** Appends a part of the chunk to the payload's bytes so far. */
  #keep(chunk: Uint8Array, start: number, end: number): Buffer {
    const filled = this.#pending - headerBytes
    const needed = filled + end - start
    let body = this.#body
    if (body === undefined || needed > body.length) {
      // Doubling keeps the copying linear; capped, a complete payload fills its buffer exactly.
      let capacity = body === undefined ? FIRST_ALLOCATION : body.length * 2
      while (capacity < needed) capacity *= 2
      const larger = Buffer.allocUnsafeSlow(Math.min(capacity, this.#length))
      if (body !== undefined) larger.set(body)
      body = larger
      this.#body = body
    }
    // For a few bytes, a view and a call into the engine cost more than this loop, in which i is below chunk.length.
    if (end - start < 64) for (let i = start; i < end; i++) body[filled + i - start] = chunk[i]!
    else body.set(chunk.subarray(start, end), filled)
    this.#pending += end - start
    return body
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
