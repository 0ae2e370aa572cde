/** Matches datagrams with the calls that receive them, where the log proves it: they may be lost, and many may send to one socket. */
import type { Piece } from './stream.js'

export interface Datagram extends Piece {
  size: number
  /** Of the one that is read: the size of the buffer. */
  room?: number
  /** The address of the sender, where strace knows it: a port, or a path. */
  source: string | undefined
}

/** Older ones were lost, or went to a process that is not traced. */
const mostPending = 1000

export interface Datagrams {
  write(one: Datagram): void
  read(one: Datagram): void
}

/** @param onMatch is called for each datagram that was certainly received */
export function createDatagrams(
  onMatch: (from: Piece, to: Piece, bytes: number, isLast: boolean) => void,
): Datagrams {
  const sides: Record<'write' | 'read', Datagram[]> = { write: [], read: [] }

  function add(side: 'write' | 'read', one: Datagram): void {
    const others = sides[side === 'write' ? 'read' : 'write']
    const candidates = others.filter((other) => (side === 'write' ? isSame(one, other) : isSame(other, one)))
    const [first] = candidates
    if (!first) {
      sides[side].push(one)
      if (sides[side].length > mostPending) sides[side].shift()
      return
    }
    others.splice(others.indexOf(first), 1)
    const [from, to] = side === 'write' ? [one, first] : [first, one]
    // Two processes have sent the same: the log does not tell which of them was heard.
    if (candidates.every(({ by }) => by === first.by)) onMatch(from, to, 1, true)
  }

  return { write: (one) => add('write', one), read: (one) => add('read', one) }
}

function isSame(sent: Datagram, received: Datagram): boolean {
  const [one, other] = [sent, received].map(({ text }) => text.replace(/"(?:\.\.\.)?$/, ''))
  const isText = one !== undefined && other !== undefined && (one.startsWith(other) || other.startsWith(one))
  const isSource = !sent.source || !received.source || sent.source === received.source
  const isSize = received.size === sent.size || (received.size < sent.size && received.size === received.room)
  return isText && isSource && isSize
}
