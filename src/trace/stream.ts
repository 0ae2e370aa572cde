/** Matches the bytes that were read with the writes that brought them: what is written first is read first. */
import type { Block, Process } from './model.js'

/** What one call wrote or read. */
export interface Piece {
  by: Process
  /** The call, where it blocked. */
  block?: Block | undefined
  /** When the write began, or when the read returned. */
  t: number
  /** Of a queue, whose messages are received whole, each counts as 1. */
  bytes: number
  /** The bytes of such a message. */
  size?: number
  /** It was not written. */
  isNoMessage?: boolean
  /** Its beginning, as far as strace has it and as strace writes it: decoding takes longer than all the rest. */
  text: string
}

export interface Stream {
  write(piece: Piece): void
  read(piece: Piece): void
}

/** A longer list has no other side in the trace. It is dropped, and nothing is matched any more. */
const longest = 100_000

/**
 * The calls may come in any order of the two sides: strace may report a write after the read that it woke.
 *
 * @param onMatch is called for each read that got bytes of a write. `isLast`: they were the last of them.
 */
export function createStream(
  onMatch: (from: Piece, to: Piece, bytes: number, isLast: boolean) => void,
): Stream {
  const sides = { write: createQueue(), read: createQueue() }
  let isOneSided = false

  function add(side: 'write' | 'read', piece: Piece): void {
    if (isOneSided || piece.bytes <= 0) return
    sides[side].push(piece)
    for (;;) {
      const [from, to] = [sides.write.first(), sides.read.first()]
      if (!from || !to) break
      const bytes = Math.min(sides.write.left(), sides.read.left())
      const isLast = sides.write.take(bytes)
      sides.read.take(bytes)
      onMatch(from, to, bytes, isLast)
    }
    isOneSided = sides[side].length() > longest
    if (isOneSided) Object.assign(sides, { write: createQueue(), read: createQueue() })
  }

  return {
    write: (piece) => add('write', piece),
    read: (piece) => add('read', piece),
  }
}

/** Array.shift takes a time that grows with the length. */
function createQueue() {
  let list: Piece[] = []
  let head = 0
  /** The bytes of the first one that are not matched yet. */
  let left = 0
  return {
    push(one: Piece): void {
      if (list.push(one) === head + 1) left = one.bytes
    },
    first: () => list[head],
    left: () => left,
    /** @returns whether these were the last bytes of the first one */
    take(bytes: number): boolean {
      left -= bytes
      if (left > 0) return false
      left = list[++head]?.bytes ?? 0
      if (head < 1024) return true
      list = list.slice(head)
      head = 0
      return true
    },
    length: () => list.length - head,
  }
}
