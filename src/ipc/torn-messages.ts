/**
 * Finds torn messages in a stream that several writers share. Each writer has a byte of its own, and each of its messages is that
 * byte `size` times. So every byte shows which process wrote it, and a message is torn where another writer's byte comes before
 * it is complete. A byte that belongs to no writer comes from some other process.
 */

/** A torn message: another writer's bytes come before it is complete. */
export interface Torn {
  /** The position in the stream of the other writer's byte, counted from 0. */
  at: number
  /** The index of the writer whose message it is, and which of its messages, counted from 0. */
  writer: number
  message: number
  /** How many of its bytes come before that position. */
  bytes: number
  /** The index of the writer whose byte comes in between; the number of writers stands for a process that is none of them. */
  by: number
}

export interface TornFinder {
  /** Takes the next bytes of the stream. */
  take(bytes: Uint8Array): void
  /** How many bytes it has taken. */
  readonly bytes: number
  /** How many bytes of each writer it has taken, and how many that belong to no writer. */
  readonly arrived: { writers: readonly number[]; others: number }
  /** How often two bytes in a row come from different writers. */
  readonly changes: number
  /** How many messages were torn. A message in several pieces counts once. */
  readonly torn: number
  readonly first: Torn | undefined
  /** The first runs of bytes of one writer, for a picture. */
  readonly runs: readonly Run[]
}

/** Bytes in a row from one writer. */
export interface Run {
  /** The index of the writer; the number of writers stands for a process that is none of them. */
  writer: number
  bytes: number
}

/** More runs than this are only counted, as changes of writer. */
const mostRuns = 128

/** The byte of a writer: A, B, and so on. */
export function byteOf(writer: number): number {
  return 65 + writer
}

/** @param size bytes of every message */
export function createTornFinder(writers: number, size: number): TornFinder {
  const arrived = new Array<number>(writers + 1).fill(0)
  /** The last torn message of each writer. */
  const lastTorn = new Array<number>(writers).fill(-1)
  let bytes = 0
  let changes = 0
  let torn = 0
  let first: Torn | undefined
  const runs: Run[] = []
  /** The last byte, and the index of its writer. */
  let last = -1
  let current = -1

  function change(byte: number): void {
    const by = byte >= byteOf(0) && byte < byteOf(writers) ? byte - byteOf(0) : writers
    if (current >= 0) changes++
    if (current >= 0 && current < writers) {
      const total = arrived[current]! // It is the index of a writer, as the line above says.
      const rest = total % size
      const message = Math.floor(total / size)
      if (rest > 0 && lastTorn[current] !== message) {
        torn++
        lastTorn[current] = message
        first ??= { at: bytes, writer: current, message, bytes: rest, by }
      }
    }
    last = byte
    current = by
    if (changes < mostRuns) runs.push({ writer: by, bytes: 0 })
  }

  return {
    take(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const byte = chunk[at]! // The loop ends at the end of the chunk.
        if (byte !== last) change(byte)
        let end = at + 1
        while (end < chunk.length && chunk[end] === byte) end++
        arrived[current]! += end - at // change() has set `current` to an index.
        bytes += end - at
        const run = changes < mostRuns ? runs.at(-1) : undefined
        if (run) run.bytes += end - at
        at = end
      }
    },
    get arrived() {
      return { writers: arrived.slice(0, writers), others: arrived[writers] ?? 0 }
    },
    get bytes() {
      return bytes
    },
    get changes() {
      return changes
    },
    get torn() {
      return torn
    },
    get first() {
      return first
    },
    runs,
  }
}
