import { FrameTooLongError, TruncatedFrameError } from './errors.js'
import { headerBytes, lengthAt } from './header.js'
import { slice } from './slice.js'

const FIRST_ALLOCATION = 64 * 1024

export interface DecodeOptions {
  /** The longest payload to accept, in bytes: an integer from 0 to 2^32 - 1. By default 16 MiB. */
  maxLength?: number | undefined
}

/** Called for one frame. Its payload is in `buffer` from the offset `start` up to, but not including, `end`. */
export type OnFrame = (buffer: Buffer, start: number, end: number) => void

/**
 * Splits a stream of bytes into the frames that {@link encode} made, wherever the chunks of that stream begin and end.
 *
 * A payload inside one chunk is not copied: it shares memory with the chunk. So copy it before the chunk is reused. (While the
 * payload is in use, the whole chunk stays in memory.) A payload that spans chunks gets a buffer of its own, which the decoder
 * never uses again. That buffer grows with the bytes that have arrived, whatever length the header announces: it is never
 * longer than 64 KiB or twice those bytes, whichever is more.
 *
 * After a header that announces too long a frame, or a callback that threw, the decoder does not know where the next header is.
 * It cannot be used any more: every later call of `push`, `scan` or `end` throws the same error again.
 *
 * @throws {RangeError} if `maxLength` is not an integer from 0 to 2^32 - 1
 */
export class FrameDecoder {
  readonly #maxLength: number
  /** How many bytes of a partial frame have arrived: up to 4 of its header, then those of its payload. */
  #pending = 0
  /** The header's bytes so far as a number. It is the payload's length once all 4 have arrived. */
  #length = 0
  /** The payload's bytes so far. Undefined until the first of them must be kept. */
  #body: Buffer | undefined
  /** An object, because a callback may throw any value, even undefined. */
  #failure: { error: unknown } | undefined

  constructor({ maxLength = 16 * 1024 * 1024 }: DecodeOptions = {}) {
    if (!Number.isInteger(maxLength) || maxLength < 0 || maxLength > 0xffff_ffff) {
      throw new RangeError(`maxLength must be an integer from 0 to 4294967295, not ${String(maxLength)}`)
    }
    this.#maxLength = maxLength
  }

  /** How many bytes of a partial frame have arrived, its header included. 0 between two frames. */
  get pending(): number {
    return this.#pending
  }

  /**
   * Takes the next chunk of the stream, of any size, and returns the payloads that it completed, in order.
   *
   * Where a header in the chunk is above `maxLength`, this call returns the frames before it, and the next call of any method
   * throws. If the chunk contains no frame before that header, this call throws.
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
   * Like `push`, but calls back for each frame and makes no Buffer for it. With small frames, that is most of the cost.
   * `buffer` is the chunk itself (as a Buffer). For a frame that spanned chunks, it is a buffer that the decoder never uses
   * again. The callback must not call this decoder.
   *
   * `scan` throws what the callback throws, and the decoder has failed: the rest of the chunk is lost, and every later call
   * throws that error again.
   *
   * @throws {FrameTooLongError} if a header announces more than `maxLength` bytes, after the calls for the frames before it
   * @throws {TypeError} if the chunk is not a Uint8Array
   */
  scan(chunk: Uint8Array, onFrame: OnFrame): void {
    if (this.#failure) throw this.#failure.error
    // Indexing a string gives no numbers: it would be read as zeros, which are empty frames, without any error.
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a chunk must be a Uint8Array')
    try {
      this.#walk(chunk, onFrame)
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  /**
   * To be called when the stream has ended.
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
    // The fast path: while the chunk contains complete frames, it allocates nothing and uses only local variables.
    while (size - at >= headerBytes) {
      const length = lengthAt(buffer, at)
      const start = at + headerBytes
      if (length > size - start || length > maxLength) break
      at = start + length
      onFrame(buffer, start, at)
    }
    if (at < size) this.#take(buffer, at, onFrame)
  }

  /** Takes the chunk's bytes of one frame, partial or new, and returns the offset after them. */
  #take(chunk: Uint8Array, from: number, onFrame: OnFrame): number {
    const size = chunk.length
    let at = from
    if (this.#pending < headerBytes) {
      while (this.#pending < headerBytes && at < size) {
        this.#length = ((this.#length << 8) | chunk[at++]!) >>> 0 // at < size
        this.#pending++
      }
      if (this.#pending < headerBytes) return at
      // Before anything is allocated: the peer may announce any length.
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
      // Doubling keeps the cost of copying linear. With the cap, a complete payload fills its buffer exactly.
      let capacity = body === undefined ? FIRST_ALLOCATION : body.length * 2
      while (capacity < needed) capacity *= 2
      const larger = Buffer.allocUnsafeSlow(Math.min(capacity, this.#length))
      if (body !== undefined) larger.set(body)
      body = larger
      this.#body = body
    }
    // For a few bytes, a view and a call into the engine cost more than this loop. `i` is below chunk.length.
    if (end - start < 64) for (let i = start; i < end; i++) body[filled + i - start] = chunk[i]!
    else body.set(chunk.subarray(start, end), filled)
    this.#pending += end - start
    return body
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
