/**
 * Finds torn messages in a stream that several writers fill. Every message of a writer is `size` times the one byte that
 * is his, so each byte tells who wrote it: a message is torn where another's byte comes before it is complete.
 */

/** A message with something of another's inside. */
export interface Torn {
  /** Where in the stream the other's byte is, counted from 0. */
  at: number
  /** The writer whose message it is, as an index; and which of his messages, counted from 0. */
  writer: number
  message: number
  /** How many of its bytes had come. */
  bytes: number
  /** The writer who came between. */
  by: number
}

export interface TornFinder {
  /** Takes what comes next. @throws Error for a byte that is no writer's */
  take(bytes: Uint8Array): void
  /** Bytes so far. */
  readonly bytes: number
  /** How often the writer changed from one byte to the next. */
  readonly changes: number
  /** How many messages were torn; in however many pieces, each counts once. */
  readonly torn: number
  readonly first: Torn | undefined
}

/** The byte of a writer: A, B, ... */
export function byteOf(writer: number): number {
  return 65 + writer
}

/** @param size bytes of every message */
export function createTornFinder(writers: number, size: number): TornFinder {
  const came = new Array<number>(writers).fill(0)
  /** Of each writer, his last message that is known to be torn. */
  const lastTorn = new Array<number>(writers).fill(-1)
  let bytes = 0
  let changes = 0
  let torn = 0
  let first: Torn | undefined
  let current = -1

  function change(by: number): void {
    if (by < 0 || by >= writers) throw new Error(`a byte that nobody wrote, at ${bytes}`)
    if (current >= 0) {
      changes++
      const total = came[current]! // `current` is a writer: it was checked when it became current.
      const rest = total % size
      const message = Math.floor(total / size)
      if (rest > 0 && lastTorn[current] !== message) {
        torn++
        lastTorn[current] = message
        first ??= { at: bytes, writer: current, message, bytes: rest, by }
      }
    }
    current = by
  }

  return {
    take(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const byte = chunk[at]! // The loop ends at the end of the chunk.
        if (current < 0 || byte !== byteOf(current)) change(byte - 65)
        let end = at + 1
        while (end < chunk.length && chunk[end] === byte) end++
        came[current]! += end - at // change() made `current` a writer.
        bytes += end - at
        at = end
      }
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
  }
}
