/** Matches the bytes that were read with the writes that brought them: what is written first is read first. */
import type { Process } from './model.js'

/** What one call wrote or read. */
export interface Piece {
  by: Process
  /** When the write began, or when the read returned. */
  t: number
  /** Of a queue, whose messages are received whole, each counts as 1. */
  bytes: number
  /** The bytes of such a message. */
  size?: number
  /** Its beginning, as far as strace has it and as strace writes it: decoding takes longer than all the rest. */
  text: string
}

export interface Stream {
  write(piece: Piece): void
  read(piece: Piece): void
}

type Open = Piece & { left: number }

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
    sides[side].push({ ...piece, left: piece.bytes })
    for (;;) {
      const [from, to] = [sides.write.first(), sides.read.first()]
      if (!from || !to) break
      const bytes = Math.min(from.left, to.left)
      from.left -= bytes
      to.left -= bytes
      onMatch(from, to, bytes, from.left === 0)
      if (from.left === 0) sides.write.shift()
      if (to.left === 0) sides.read.shift()
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
  let list: Open[] = []
  let head = 0
  return {
    push: (one: Open) => void list.push(one),
    first: () => list[head],
    shift() {
      if (++head < 1024) return
      list = list.slice(head)
      head = 0
    },
    length: () => list.length - head,
  }
}
