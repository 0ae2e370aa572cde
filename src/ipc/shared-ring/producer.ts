/** The writing end of a ring in shared memory. */
import {
  CLOSED,
  CONSUMER_SLEEPS,
  HEAD,
  LENGTH_BYTES,
  PRODUCER_SLEEPS,
  sizeOf,
  TAIL,
  viewOf,
} from './layout.js'
import { type RingOptions, type Waiter, waitUntil, wake } from './waiting.js'

/** The writing end. Only one thread may use it. */
export interface RingProducer {
  /** The largest message, in bytes: the capacity less the 4 bytes of the length. */
  readonly largest: number
  /**
   * Stages a copy of `bytes`: the consumer sees it after `publish`. Returns false when the ring has no room now.
   * Staged messages occupy room too, so publish before you try again.
   *
   * @throws RangeError when `bytes` would not fit into an empty ring
   */
  tryWrite(bytes: Uint8Array): boolean
  /** Makes all staged messages visible with one store, and wakes the consumer if it sleeps. */
  publish(): void
  /**
   * Stages a copy of `bytes` as tryWrite does, and waits while there is no room for it. Before it waits, it
   * publishes all staged messages: otherwise the consumer could never make room. `bytes` itself still needs a
   * `publish`.
   *
   * @throws RangeError when `bytes` would not fit into an empty ring
   */
  write(bytes: Uint8Array): void
  /** Publishes all staged messages and closes the ring: the consumer reads the rest, then undefined. */
  close(): void
}

/** The writing end of the ring in this memory. */
export function producerOf(memory: ArrayBufferLike, waiter: Waiter, options: RingOptions = {}): RingProducer {
  const { cells, words, data, capacity, mask } = viewOf(memory)
  const largest = capacity - LENGTH_BYTES
  // Indices stay int32 (`| 0`), which have the same bits as uint32: V8 keeps int32 values unboxed.
  let tail = Atomics.load(cells, TAIL)
  let published = tail
  /** The consumer's index when it was last read. A read costs a cache miss, so it is read only when the ring seems full. */
  let head = Atomics.load(cells, HEAD)
  /** The room that the next message needs, in bytes. */
  let needed = 0
  let closed = Atomics.load(cells, CLOSED) !== 0

  function hasRoom(): boolean {
    head = Atomics.load(cells, HEAD)
    return capacity - ((tail - head) | 0) >= needed
  }

  function tryWrite(bytes: Uint8Array): boolean {
    const length = bytes.length
    if (length > largest) {
      throw new RangeError(
        `a message of ${length} bytes is too large for this ring, which accepts up to ${largest} bytes`,
      )
    }
    if (closed) throw new Error('cannot write to a ring that is closed')
    const size = sizeOf(length)
    if (capacity - ((tail - head) | 0) < size) {
      needed = size
      if (!hasRoom()) return false
    }
    words[(tail & mask) >> 2] = length
    const start = (tail + LENGTH_BYTES) & mask
    const first = capacity - start
    if (length <= first) {
      data.set(bytes, start)
    } else {
      data.set(bytes.subarray(0, first), start)
      data.set(bytes.subarray(first), 0)
    }
    tail = (tail + size) | 0
    return true
  }

  function publish(): void {
    if (published === tail) return
    published = tail
    Atomics.store(cells, TAIL, tail)
    wake(cells, CONSUMER_SLEEPS, waiter)
  }

  return {
    largest,
    tryWrite,
    publish,
    write(bytes) {
      while (!tryWrite(bytes)) {
        publish()
        waitUntil(hasRoom, cells, PRODUCER_SLEEPS, 'full', waiter, options)
      }
    },
    close() {
      publish()
      closed = true
      Atomics.store(cells, CLOSED, 1)
      wake(cells, CONSUMER_SLEEPS, waiter)
    },
  }
}
