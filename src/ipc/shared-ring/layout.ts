/**
 * The layout of a ring buffer of messages in shared memory, for one producer and one consumer. Neither makes a
 * system call while the ring is neither full nor empty. A side that cannot continue sleeps in the kernel until
 * the other side wakes it (waiting.ts).
 *
 * Atomics are sequentially consistent: all threads agree on one total order of them (ECMAScript, "Memory
 * Model"). So a side that reads an index with Atomics.load also sees every plain write made before the
 * Atomics.store of that index. The bytes of a message are there once `tail` covers them, and the consumer
 * reads them no more once `head` does.
 */

// Cells of 4 bytes, counted from the start of the memory.
export const TAIL = 0
export const HEAD = 16
export const CAPACITY = 32
export const CLOSED = 33
export const CONSUMER_SLEEPS = 34
export const PRODUCER_SLEEPS = 35

/** Bytes before the data area: three cache lines and 4 more bytes, for the reason given at layRing. */
const HEADER_BYTES = 196
/** Bytes of the length in front of each message. */
export const LENGTH_BYTES = 4
const SMALLEST_CAPACITY = 8
/** Below 2^31, so that `tail - head` is never negative as an int32. */
const LARGEST_CAPACITY = 2 ** 30

/** The memory that a ring needs, in bytes. @param capacity a power of two from 8 to 2^30 bytes */
export function ringBytes(capacity: number): number {
  if (!isCapacity(capacity)) {
    throw new RangeError(
      `the capacity of a ring must be a power of two from 8 to 2^30 bytes, not ${capacity}`,
    )
  }
  return HEADER_BYTES + capacity
}

/** A new ring for threads: shared memory with an empty ring laid out in it. */
export function newRing(capacity: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(ringBytes(capacity))
  layRing(memory, capacity)
  return memory
}

/**
 * Lays an empty ring into memory of at least `ringBytes(capacity)` bytes. Call it before either side opens
 * the ring.
 *
 *     byte   0  +-----------------------------------------------+
 *               | tail              the producer writes it      |  a cache line of its own
 *           64  +-----------------------------------------------+
 *               | head              the consumer writes it      |  a cache line of its own
 *          128  +-----------------------------------------------+
 *               | capacity          bytes, a power of two       |  a line that rarely changes: both sides
 *          132  | closed            1: no more messages         |  keep a copy of it in their caches
 *          136  | consumer sleeps   1: notify here after a      |
 *               |                   store to tail or closed     |
 *          140  | producer sleeps   1: notify here after a      |
 *               |                   store to head               |
 *          196  +-----------------------------------------------+
 *               | data              `capacity` bytes            |
 *               +-----------------------------------------------+
 *
 * A cell is 4 bytes in the machine's byte order. `head` and `tail` count all bytes ever read and written,
 * modulo 2^32. An index stands for byte `index & (capacity - 1)` of the data area. `tail - head` bytes are in
 * use, so a full ring (`capacity`) differs from an empty one (0).
 *
 *     a message   | length, 4 bytes | the bytes ... | 0 to 7 unused |
 *
 * A message occupies a multiple of 8 bytes, so its length never wraps round the end of the data area. Its bytes
 * may wrap: they then continue at the start. The data area begins 4 bytes after a multiple of 8, so that the
 * bytes of each message begin at a multiple of 8. In shared memory, V8 copies whole words only between two
 * addresses of the same alignment, and single bytes otherwise.
 */
export function layRing(memory: ArrayBufferLike, capacity: number): void {
  const bytes = ringBytes(capacity)
  if (memory.byteLength < bytes) {
    throw new RangeError(
      `a ring of ${capacity} bytes needs ${bytes} bytes of memory, not ${memory.byteLength}`,
    )
  }
  const cells = new Int32Array(memory, 0, HEADER_BYTES / 4)
  cells.fill(0)
  Atomics.store(cells, CAPACITY, capacity)
}

/** How many bytes were ever written into a ring and read from it, modulo 2^32. */
export function indicesOf(memory: ArrayBufferLike): { tail: number; head: number } {
  const { cells } = viewOf(memory)
  return { tail: Atomics.load(cells, TAIL) >>> 0, head: Atomics.load(cells, HEAD) >>> 0 }
}

/** The bytes that a message occupies in the data area: its length field and itself, rounded up to 8. */
export function sizeOf(length: number): number {
  return (length + LENGTH_BYTES + 7) & ~7
}

function isCapacity(capacity: number): boolean {
  return (
    Number.isInteger(capacity) &&
    capacity >= SMALLEST_CAPACITY &&
    capacity <= LARGEST_CAPACITY &&
    (capacity & (capacity - 1)) === 0
  )
}

/**
 * The views that both sides use.
 *
 * @throws RangeError when the memory holds no ring
 */
export function viewOf(memory: ArrayBufferLike) {
  const cells =
    memory.byteLength < HEADER_BYTES ? new Int32Array() : new Int32Array(memory, 0, HEADER_BYTES / 4)
  const capacity = cells.length === 0 ? 0 : Atomics.load(cells, CAPACITY)
  if (!isCapacity(capacity) || memory.byteLength < HEADER_BYTES + capacity) {
    throw new RangeError(`this memory of ${memory.byteLength} bytes contains no ring`)
  }
  return {
    cells,
    words: new Int32Array(memory, HEADER_BYTES, capacity / 4),
    data: new Uint8Array(memory, HEADER_BYTES, capacity),
    capacity,
    mask: capacity - 1,
  }
}
