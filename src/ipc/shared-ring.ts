/**
 * A ring of messages in shared memory, for one producer and one consumer: no system call while both keep up, and a
 * sleep in the kernel, woken by the other side, while one of them cannot go on.
 *
 * The ring knows only memory and a Waiter. Between threads the memory is a SharedArrayBuffer and the waiter is
 * Atomics.wait. Memory that processes share arrives as a plain ArrayBuffer, for which Atomics.wait throws; there the
 * waiter is futex(2) itself. Everything else is the same ring.
 *
 * Atomics are sequentially consistent: all of them, by all threads, lie in one total order that every thread agrees on
 * (ECMAScript, "Memory Model"). Two things follow that the code below leans on:
 *
 * 1. Who reads an index with Atomics.load also sees every plain write made before the Atomics.store of that index. So
 *    the bytes of a message are there once `tail` says so, and are no longer read once `head` says so.
 *
 * 2. No wake-up is lost. A sleeper, here the consumer, does
 *
 *        C1 flag := 1      C2 read closed and tail, go on if they changed      C3 wait, if flag is still 1
 *
 *    and the waker does
 *
 *        P1 tail := ... (or closed := 1)      P2 read flag; if it is 1:      P3 flag := 0      P4 notify
 *
 *    If P2 reads 1, P3 and P4 follow. Waiting compares the flag and joins the list of waiters in one step that notify
 *    cannot split (ECMAScript: the WaiterList's critical section; futex(2): "atomic"). Either that step comes before
 *    P4, and then P4 wakes the sleeper, or it comes after P4 and so after P3, and then it finds 0 and returns. (It can
 *    find 1 only if C1 came after P3. Then P1 < C1 < C2, so C2 saw the change and there is no C3.)
 *    If P2 reads 0, then the last C1 before P2, if any, was undone before P2: by the sleeper itself, so it is awake, or
 *    by an earlier P3, so its C3 finds 0 or the P4 that belongs to that P3 wakes it. In both cases it does C1 again
 *    before it sleeps again, and that C1 comes after P2: P1 < P2 < C1 < C2, so C2 sees the change and nobody sleeps.
 *    A P3 and P4 that come late, when the sleeper has gone on and sleeps again, wake it for nothing. So does a signal.
 *    That is why it waits in a loop: every return of wait may be spurious.
 *
 *    The producer sleeps in the same way: its own flag, and `head` for `tail`.
 */
import { DemoFailed } from '../errors.js'

/** How to sleep on a cell of shared memory, and how to wake who sleeps there. */
export interface Waiter {
  /**
   * Sleeps while `cell[index]` is `expected`, until notified. It may return at any time for no reason.
   */
  wait(cell: Int32Array, index: number, expected: number): void
  /** Wakes who sleeps on `cell[index]`. */
  notify(cell: Int32Array, index: number): void
}

/** Waits with Atomics.wait: for threads of one process, on a SharedArrayBuffer. */
export const threadWaiter: Waiter = {
  wait: (cell, index, expected) => {
    Atomics.wait(cell, index, expected)
  },
  notify: (cell, index) => {
    Atomics.notify(cell, index)
  },
}

export interface RingOptions {
  /**
   * Called before this side sleeps, because the ring is empty (consumer) or full (producer). It may turn out that there
   * is nothing to wait for after all; then onWake follows at once.
   */
  onSleep?: ((why: 'empty' | 'full') => void) | undefined
  /** Called when this side goes on after onSleep: exactly once for each onSleep, however often it woke for nothing. */
  onWake?: (() => void) | undefined
  /**
   * How often to look again before sleeping: 2,000 when left out. That takes some tens of microseconds, as long as a
   * sleep and a wake-up do.
   */
  spins?: number | undefined
}

/** The writing end. Only one thread may use it. */
export interface RingProducer {
  /** The largest message, in bytes: the capacity less the 4 bytes of the length. */
  readonly largest: number
  /**
   * Stages a copy of `bytes`: the consumer sees it after `publish`. False when there is no room for it now. Staged
   * messages take room too, so who tries again must publish first.
   *
   * @throws RangeError when `bytes` would not fit into an empty ring
   */
  tryWrite(bytes: Uint8Array): boolean
  /** Makes all staged messages visible with one store, and wakes the consumer if it sleeps. */
  publish(): void
  /**
   * Stages a copy of `bytes` as tryWrite does, and waits while there is no room for it. Before it waits it publishes
   * what is staged, since otherwise the consumer could never make room; `bytes` itself still needs a `publish`.
   *
   * @throws RangeError when `bytes` would not fit into an empty ring
   */
  write(bytes: Uint8Array): void
  /** Publishes what is staged and ends the stream: the consumer reads what is left, then undefined. */
  close(): void
}

/** The reading end. Only one thread may use it. */
export interface RingConsumer {
  /** Waits until there is a message (true), or the ring is closed and empty (false). */
  wait(): boolean
  /** Takes one message, as a copy of its own, and waits for it; undefined when the ring is closed and empty. */
  read(): Uint8Array | undefined
  /**
   * Takes all messages that are visible now, without waiting, and gives their room back with one store at the end.
   * `each` gets every message as `buffer[start]` to `buffer[end - 1]`, valid only until it returns. Nothing is copied or
   * allocated, save for a message that wraps round the end of the data area: that one is put together in a private
   * buffer, which is kept and used again. So `buffer` may differ from call to call.
   * A message for which `each` throws counts as taken. `each` must not use the consumer.
   *
   * @returns the number of messages
   */
  drain(each: (buffer: Uint8Array, start: number, end: number) => void): number
}

// Cells of 4 bytes, counted from the start of the memory.
const TAIL = 0
const HEAD = 16
const CAPACITY = 32
const CLOSED = 33
const CONSUMER_SLEEPS = 34
const PRODUCER_SLEEPS = 35

/** Bytes before the data area: three cache lines, and 4 more that the comment at layRing explains. */
const HEADER_BYTES = 196
/** Bytes of the length before each message. */
const LENGTH_BYTES = 4
const SMALLEST_CAPACITY = 8
/** Below 2^31, so that `tail - head` is never negative as an int32. */
const LARGEST_CAPACITY = 2 ** 30
const SPINS = 2_000

/** The memory that a ring with this capacity takes, in bytes. The capacity is a power of two from 8 to 2^30 bytes. */
export function ringBytes(capacity: number): number {
  if (!isCapacity(capacity)) {
    throw new RangeError(`the capacity of a ring is a power of two from 8 to 2^30 bytes, not ${capacity}`)
  }
  return HEADER_BYTES + capacity
}

/** A new ring for threads: zeroed shared memory with an empty ring laid out in it. */
export function newRing(capacity: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(ringBytes(capacity))
  layRing(memory, capacity)
  return memory
}

/**
 * Lays an empty ring into memory of at least `ringBytes(capacity)` bytes, before either side looks at it.
 *
 *     byte   0  +-----------------------------------------------+
 *               | tail              the producer writes it      |  a cache line of its own
 *           64  +-----------------------------------------------+
 *               | head              the consumer writes it      |  a cache line of its own
 *          128  +-----------------------------------------------+
 *               | capacity          bytes, a power of two       |  a line that hardly ever changes: both sides
 *          132  | closed            1: no more messages         |  may look at it without taking it from each other
 *          136  | consumer sleeps   1: notify here after a      |
 *               |                   store to tail or closed     |
 *          140  | producer sleeps   1: notify here after a      |
 *               |                   store to head               |
 *          196  +-----------------------------------------------+
 *               | data              `capacity` bytes            |
 *               +-----------------------------------------------+
 *
 * A cell is 4 bytes in the machine's byte order. head and tail count all bytes ever read and written, modulo 2^32: byte
 * `index & (capacity - 1)` of the data area is meant, `tail - head` bytes are in use, and so a full ring (`capacity`)
 * and an empty one (0) are told apart.
 *
 *     a message   | length, 4 bytes | the bytes ... | 0 to 7 unused |
 *
 * A message takes a multiple of 8 bytes, so its length never wraps round the end of the data area. Its bytes may, and
 * then they go on at the start. The data area begins 4 bytes off a multiple of 8 so that the bytes of a message begin at
 * one: on shared memory V8 copies word by word only between two addresses of the same alignment, otherwise byte by byte.
 */
export function layRing(memory: ArrayBufferLike, capacity: number): void {
  const bytes = ringBytes(capacity)
  if (memory.byteLength < bytes) {
    throw new RangeError(
      `a ring of ${capacity} bytes takes ${bytes} bytes of memory, not ${memory.byteLength}`,
    )
  }
  const cells = new Int32Array(memory, 0, HEADER_BYTES / 4)
  cells.fill(0)
  Atomics.store(cells, CAPACITY, capacity)
}

/** The writing end of the ring in this memory. */
export function producerOf(memory: ArrayBufferLike, waiter: Waiter, options: RingOptions = {}): RingProducer {
  const { cells, words, data, capacity, mask } = viewOf(memory)
  const largest = capacity - LENGTH_BYTES
  // Indices stay int32 (`| 0`), the same bits as uint32: V8 keeps those unboxed.
  let tail = Atomics.load(cells, TAIL)
  let published = tail
  /** The consumer's index when we last looked: reading it costs a cache miss, so only when the ring seems full. */
  let head = Atomics.load(cells, HEAD)
  /** The room that we wait for, in bytes. */
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
        `a message of ${length} bytes is too large for this ring: it takes up to ${largest} bytes`,
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

/** The reading end of the ring in this memory. */
export function consumerOf(memory: ArrayBufferLike, waiter: Waiter, options: RingOptions = {}): RingConsumer {
  const { cells, words, data, capacity, mask } = viewOf(memory)
  let head = Atomics.load(cells, HEAD)
  /** The producer's index when we last looked. */
  let tail = Atomics.load(cells, TAIL)
  /** Where a message is put together that wraps round the end. */
  let joined = new Uint8Array(0)

  /** True when there is a message, or will never be one. */
  function isReady(): boolean {
    // In this order: `closed` comes after the last store to tail, so once it is set, the tail read next is the last one.
    const closed = Atomics.load(cells, CLOSED)
    tail = Atomics.load(cells, TAIL)
    return tail !== head || closed !== 0
  }

  function wait(): boolean {
    if (tail === head) waitUntil(isReady, cells, CONSUMER_SLEEPS, 'empty', waiter, options)
    return tail !== head
  }

  /** The length of the message at head, checked: with a wrong one we would hand out what was never written. */
  function lengthAtHead(): number {
    const length = words[(head & mask) >> 2]!
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

/** What a message of this length takes in the data area, in bytes: 4 for the length, itself, up to a multiple of 8. */
function sizeOf(length: number): number {
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

function viewOf(memory: ArrayBufferLike) {
  const cells =
    memory.byteLength < HEADER_BYTES ? new Int32Array() : new Int32Array(memory, 0, HEADER_BYTES / 4)
  const capacity = cells.length === 0 ? 0 : Atomics.load(cells, CAPACITY)
  if (!isCapacity(capacity) || memory.byteLength < HEADER_BYTES + capacity) {
    throw new RangeError(`no ring was laid into this memory of ${memory.byteLength} bytes`)
  }
  return {
    cells,
    words: new Int32Array(memory, HEADER_BYTES, capacity / 4),
    data: new Uint8Array(memory, HEADER_BYTES, capacity),
    capacity,
    mask: capacity - 1,
  }
}

/** P2 to P4 of the argument at the top: comes after the store that the other side may be waiting for. */
function wake(cells: Int32Array, flag: number, waiter: Waiter): void {
  if (Atomics.load(cells, flag) === 0) return
  Atomics.store(cells, flag, 0)
  waiter.notify(cells, flag)
}

/** Looks again for a while, then sleeps until `isReady`: C1 to C3 of the argument at the top. */
function waitUntil(
  isReady: () => boolean,
  cells: Int32Array,
  flag: number,
  why: 'empty' | 'full',
  waiter: Waiter,
  options: RingOptions,
): void {
  const { spins = SPINS } = options
  for (let i = 0; i < spins; i++) {
    if (isReady()) return
  }
  options.onSleep?.(why)
  while (!isReady()) {
    Atomics.store(cells, flag, 1)
    if (isReady()) break
    waiter.wait(cells, flag, 1)
  }
  Atomics.store(cells, flag, 0)
  options.onWake?.()
}
