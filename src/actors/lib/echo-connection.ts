/**
 * Echoes one connection. Bytes are read straight behind those of a frame that is not whole yet, and all whole frames of
 * a read go back in one write. While the peer does not take its echoes nothing more is read from it, so it can hold no
 * more of our memory than what one read has brought and one unfinished frame.
 *
 * FrameDecoder and 'data' events would be simpler, but they take 1.2 to 1.7 times the processor time when requests are
 * pipelined or frames are long: see Echo in docs/inside/performance.md.
 */
import type { Socket } from 'node:net'
import { errnoOf } from '../../errors.js'
import { headerBytes, lengthAt } from '../../framing/header.js'
import { TruncatedFrameError } from '../../framing/index.js'
import { readInto } from '../../ipc/tcp.js'
import type { ConnectionStory } from './echo-story.js'

export interface EchoLimits {
  /** The longest frame that is taken, in bytes. */
  maxFrame: number
  /** A connection on which nothing moves, either way, for so long is closed. */
  idleTimeoutMs: number | null
}

/** What all connections of a server share of its memory, beyond the first room that each has. */
export interface Budget {
  /** Bytes that are still to be had. */
  left: number
}

export interface EchoConnection {
  /** Ends it from our side: what was echoed goes out, then FIN. */
  finish(): void
  destroy(): void
}

/** Room for a connection, in bytes: at first, and the most that one keeps when a longer frame has gone. */
const firstRoom = 32 * 1024
const keptRoom = 256 * 1024

/** More room than a frame takes, in bytes: a read that fills its room makes libuv try another, which mostly gets EAGAIN. */
const slack = 4096

const nothing = Buffer.alloc(0)

/** How long a stopping server, or a connection that is being closed, waits for its peer, in milliseconds. */
export const grace = 2000

/** Echoes a connection until it ends, however it ends. Nothing that its peer does may reach another connection. */
export function echoConnection(
  accepted: Socket,
  limits: EchoLimits,
  budget: Budget,
  story: ConnectionStory,
): EchoConnection {
  let buffer = Buffer.allocUnsafeSlow(firstRoom)
  /** The bytes in the buffer: what has come of a frame that is not whole yet. */
  let filled = 0
  /** The kernel has not taken all of the last write: nothing is read until it has. */
  let waits = false
  let finishing = false
  /** What we have of the budget: for the buffer, and for one that the kernel has not taken yet. */
  let held = 0
  let lent = 0

  const socket = readInto(accepted, {
    room: () => (filled === 0 ? buffer : buffer.subarray(filled)),
    took(bytes) {
      // To close a connection with unread bytes would be a reset, which may take the last echoes from the peer.
      if (finishing) return true
      filled += bytes
      const { end, tooLong } = scan()
      if (end > 0) send(buffer.subarray(0, end))
      if (tooLong !== undefined) refuse(tooLong)
      else keep(end)
      return !waits
    },
  })

  function send(frames: Buffer): void {
    socket.write(frames)
    if (socket.writableLength === 0) return
    // Its callback tells when the kernel has taken the frames; with each write it would cost more than the rest of us.
    waits = true
    socket.write(nothing, () => {
      waits = false
      budget.left += lent
      lent = 0
      socket.resume()
    })
  }

  /** Where the whole frames in the buffer end; and the length that a header behind them announces, if it is too long. */
  function scan(): { end: number; tooLong?: number } {
    let at = 0
    while (filled - at >= headerBytes) {
      const length = lengthAt(buffer, at)
      if (length > limits.maxFrame) return { end: at, tooLong: length }
      const end = at + headerBytes + length
      if (end > filled) break
      story.frame(buffer, at + headerBytes, end)
      at = end
    }
    return { end: at }
  }

  /** Brings what follows the whole frames to the front of a buffer that has room for more of it. */
  function keep(from: number): void {
    const kept = filled - from
    const needed = kept < headerBytes ? headerBytes : headerBytes + lengthAt(buffer, from)
    if (waits || !fits(kept, needed)) {
      const room = roomFor(kept, needed)
      if (!account(Math.max(0, room - firstRoom))) {
        refuseMore(needed)
        return
      }
      const next = Buffer.allocUnsafeSlow(room)
      buffer.copy(next, 0, from, filled)
      buffer = next
    } else if (from > 0 && kept > 0) buffer.copyWithin(0, from, filled)
    filled = kept
  }

  /** Takes from the budget what the next buffer needs, and gives back what this one had when nobody needs it any more. */
  function account(next: number): boolean {
    if (budget.left + (waits ? 0 : held) < next) return false
    if (waits) lent += held
    else budget.left += held
    budget.left -= next
    held = next
    return true
  }

  function refuseMore(needed: number): void {
    story.trouble(
      'needed too much memory',
      `needs ${needed} bytes for a frame, more than this server has left for all: closed`,
    )
    finish()
  }

  function fits(kept: number, needed: number): boolean {
    return needed > keptRoom
      ? kept < buffer.length
      : needed < buffer.length && buffer.length <= keptRoom + slack
  }

  function refuse(length: number): void {
    story.trouble(
      'announced a frame above the limit',
      `announced a frame of ${length} bytes, above the limit of ${limits.maxFrame}: closed`,
    )
    finish()
  }

  function finish(): void {
    finishing = true
    // What is thrown away must not be read over echoes that the kernel has not taken yet.
    account(0)
    buffer = Buffer.allocUnsafeSlow(firstRoom)
    filled = 0
    socket.setTimeout(0)
    socket.end()
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), grace)
    socket.on('close', () => clearTimeout(timer))
  }

  if (limits.idleTimeoutMs !== null) {
    socket.setTimeout(limits.idleTimeoutMs, () => {
      story.trouble('was idle', `was idle for ${limits.idleTimeoutMs} ms: closed`)
      socket.destroy()
    })
  }
  // The peer may have ended its side only: it still gets its echoes.
  socket.on('end', () => {
    if (filled > 0) {
      const expected = filled < headerBytes ? headerBytes : headerBytes + lengthAt(buffer, 0)
      story.trouble('ended inside a frame', new TruncatedFrameError(filled, expected).message)
    }
    socket.end()
  })
  socket.on('error', (error) => {
    const reset = errnoOf(error) === 'ECONNRESET'
    story.trouble(
      reset ? 'reset the connection' : 'failed',
      reset ? 'reset the connection (ECONNRESET)' : `failed: ${error.message}`,
    )
  })
  socket.on('close', () => {
    budget.left += held + lent
    held = lent = 0
    story.closed()
  })
  return { finish, destroy: () => void socket.destroy() }
}

/** The size of a buffer for a frame of which so many bytes have come: a header alone reserves little of a long one. */
function roomFor(kept: number, needed: number): number {
  if (needed <= keptRoom) return Math.max(needed + slack, firstRoom)
  return Math.min(needed, Math.max(keptRoom, 2 * kept))
}
