/**
 * A text in shared memory, as a C or Go program has it there: its bytes and a NUL, from the first byte on.
 *
 * In a System V segment, osdemo also counts the texts that it writes, so that a reader knows how many it has missed. The count is
 * beyond the segment: the kernel allocates whole pages, and a program that keeps to the size of the segment never touches the rest
 * of the last page. A segment that fills its last page has no count. Neither has a POSIX object: any process may make it longer,
 * and would then find the count in it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Unavailable } from '../errors.js'
import { type Futex, getpagesize, openFutex, viewMemory } from './libc.js'
import { attachObject, type ObjectIdentity } from './posix-shm.js'
import { attachSegment, textIn } from './sysv-shm.js'

/** The count is the last four 32-bit numbers of the page. Of these, this one shows that osdemo has set the others. */
const MARK = 0
/** How many texts osdemo has begun to write, and how many of them are complete. */
const BEGUN = 1
const DONE = 2
const countBytes = 16

/** `osdm` */
const mark = 0x6f73_646d

/** What one look at a segment saw. */
export interface Look {
  /** A copy of the bytes up to the first NUL, or of all. */
  text: Buffer
  /** How many texts osdemo has begun to write, modulo 2^32. Undefined where they are not counted. */
  begun: number | undefined
  /** Nothing changed while the text was copied, and osdemo was not writing. */
  whole: boolean
  /** What `sleep` compares, so that no wake-up between the look and the sleep is lost. */
  cell: number
}

export interface SegmentText {
  /** Writes a text and its NUL, which must fit, and wakes the readers that sleep. */
  write(text: Uint8Array): void
  look(): Look
  /** Whether nothing has changed since that look: neither the bytes nor the count. */
  isStill(look: Look): boolean
  /** Waits until osdemo has written since that look, at most so many milliseconds. With futex(2), this blocks the thread. */
  sleep(look: Look, milliseconds: number): Promise<void>
  detach(): void
}

/** Where a text is: in a System V segment, or in a POSIX object. */
export type TextPlace = { id: number } | ({ name: string } & ObjectIdentity)

/**
 * Attaches shared memory for its text.
 *
 * @param size its bytes
 * @param purpose for writing, how many bytes the caller will write at most
 * @throws SystemCallError as `attachSegment` and `attachObject`
 */
export function openText(place: TextPlace, size: number, purpose: { room: number } | 'read'): SegmentText {
  const isSegment = 'id' in place
  const attached = isSegment
    ? attachSegment(place.id, size, purpose === 'read')
    : attachObject(place, size, purpose)
  const page = getpagesize()
  const end = Math.ceil(size / page) * page
  const isCounted = isSegment && end - size >= countBytes
  // Without a count, readers sleep on the first bytes of the text. Every page has room for both.
  const start = attached.address + BigInt(isCounted ? end - countBytes : 0)
  const cells = new Int32Array(viewMemory(start, countBytes))
  const cell = isCounted ? DONE : 0
  const address = start + BigInt(4 * cell)
  const futex = futexIfAny()
  const begun = () => (isCounted && cells[MARK] === mark ? Atomics.load(cells, BEGUN) : undefined)
  const holds = (text: Buffer) => {
    const bytes = Buffer.from(attached.memory)
    return bytes.subarray(0, text.length).equals(text) && (bytes[text.length] ?? 0) === 0
  }
  return {
    write(text) {
      attached.check?.()
      if (isCounted) begin(cells)
      const bytes = Buffer.from(attached.memory)
      bytes.set(text)
      bytes[text.length] = 0
      if (isCounted) Atomics.add(cells, DONE, 1)
      futex?.wake(address)
    },
    look() {
      attached.check?.()
      const seen = Atomics.load(cells, cell)
      const before = begun()
      const text = textIn(attached.memory)
      const isDone = before === undefined || before === seen
      return { text, begun: before, whole: isDone && before === begun() && holds(text), cell: seen }
    },
    isStill({ text, begun: before }) {
      attached.check?.()
      return before === begun() && holds(text)
    },
    async sleep({ cell: seen }, milliseconds) {
      attached.check?.()
      if (futex) futex.wait(address, seen, milliseconds)
      else await pause(milliseconds)
    },
    detach: attached.detach,
  }
}

/** Counts a text that osdemo begins to write. What another program left in the count is replaced. */
function begin(cells: Int32Array): void {
  if (cells[MARK] !== mark) cells.set([0, 0, 0])
  Atomics.store(cells, MARK, mark)
  Atomics.add(cells, BEGUN, 1)
}

/** Undefined where futex(2) does not exist: there a reader only looks from time to time. */
function futexIfAny(): Futex | undefined {
  try {
    return openFutex()
  } catch (error) {
    if (error instanceof Unavailable) return undefined
    throw error
  }
}
