/** The reading end of a ring in shared memory. */
import { DemoFailed } from '../../errors.js'
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

/** The reading end. Only one thread may use it. */
export interface RingConsumer {
  /** Waits until the ring has a message (true), or is closed and empty (false). */
  wait(): boolean
  /** Waits for a message, and returns a copy of it; undefined when the ring is closed and empty. */
  read(): Uint8Array | undefined
  /**
   * Reads all messages that are visible now, without waiting, and frees their room with one store at the end.
   * Passes every message to `each`, as `buffer[start]` to `buffer[end - 1]`, which are valid only until it
   * returns. Nothing is copied or allocated, except for a message that wraps round the end of the data area:
   * a private buffer, which is reused, holds a copy of it. So `buffer` may differ from call to call.
   *
   * A message for which `each` throws counts as read. `each` must not use the consumer.
   *
   * @returns the number of messages
   */
  drain(each: (buffer: Uint8Array, start: number, end: number) => void): number
}

/** The reading end of the ring in this memory. */
export function consumerOf(memory: ArrayBufferLike, waiter: Waiter, options: RingOptions = {}): RingConsumer {
  const { cells, words, data, capacity, mask } = viewOf(memory)
  let head = Atomics.load(cells, HEAD)
  /** The producer's index when it was last read. */
  let tail = Atomics.load(cells, TAIL)
  /** Holds a copy of a message that wraps round the end of the data area. */
  let joined = new Uint8Array(0)

  /** True when the ring has a message, or is closed. */
  function isReady(): boolean {
    // `closed` is read first. The producer stores it after its last `tail`, so the `tail` read next is the last one.
    const closed = Atomics.load(cells, CLOSED)
    tail = Atomics.load(cells, TAIL)
    return tail !== head || closed !== 0
  }

  function wait(): boolean {
    if (tail === head) waitUntil(isReady, cells, CONSUMER_SLEEPS, 'empty', waiter, options)
    return tail !== head
  }

  /** The length of the message at head, checked: a wrong length would return bytes that belong to no message. */
  function lengthAtHead(): number {
    const length = words[(head & mask) >> 2]! // The mask keeps the index inside the data area.
    const visible = (tail - head) | 0
    if (length < 0 || length > visible - LENGTH_BYTES) {
      throw new DemoFailed(
        `the ring is damaged: a message of ${length} bytes where ${visible} bytes are in use`,
      )
    }
    return length
  }

  function join(into: Uint8Array, start: number, length: number): Uint8Array {
    const first = capacity - start
    into.set(data.subarray(start))
    into.set(data.subarray(0, length - first), first)
    return into
  }

  function release(): void {
    Atomics.store(cells, HEAD, head)
    wake(cells, PRODUCER_SLEEPS, waiter)
  }

  return {
    wait,
    read() {
      if (!wait()) return undefined
      const length = lengthAtHead()
      const start = (head + LENGTH_BYTES) & mask
      const end = start + length
      const bytes = end <= capacity ? data.slice(start, end) : join(new Uint8Array(length), start, length)
      head = (head + sizeOf(length)) | 0
      release()
      return bytes
    },
    drain(each) {
      tail = Atomics.load(cells, TAIL)
      if (tail === head) return 0
      let count = 0
      try {
        while (head !== tail) {
          const length = lengthAtHead()
          const start = (head + LENGTH_BYTES) & mask
          const end = start + length
          head = (head + sizeOf(length)) | 0
          count++
          if (end <= capacity) {
            each(data, start, end)
          } else {
            if (joined.length < length) joined = new Uint8Array(length)
            each(join(joined, start, length), 0, length)
          }
        }
      } finally {
        release()
      }
      return count
    },
  }
}
