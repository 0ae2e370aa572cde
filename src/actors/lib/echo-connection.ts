/**
 * Echoes the frames of one connection. Each read appends to the bytes of a partial frame, and all complete frames go back in
 * one write. While the peer does not read its echoes, nothing more is read from it. So it uses no more memory than what one
 * read returned and one partial frame.
 *
 * FrameDecoder and 'data' events would be simpler, but they take 1.2 to 1.7 times the processor time when requests are
 * pipelined or frames are long: see Echo in docs/inside/performance.md.
 */
import type { Socket } from 'node:net'
import { errnoOf } from '../../errors.js'
import { headerBytes, lengthAt } from '../../framing/header.js'
import { hiddenReset, readInto } from '../../ipc/tcp.js'
import { thousands } from '../../text.js'
import type { ConnectionStory, Ending } from './echo-story.js'

/** What an echo consists of: the whole frame, or its body without the header. */
export type Reply = 'frame' | 'body'

export interface EchoRules {
  reply: Reply
  /** The longest frame that is accepted, in bytes. */
  maxFrame: number
  /** A connection that is idle in both directions for this long is closed. */
  idleTimeoutMs: number | null
}

/** The memory that all connections of a server share, beyond the first buffer of each. */
export interface Budget {
  /** Bytes that are still free. */
  left: number
}

export interface EchoConnection {
  /** Closes our side: sends the echoes that are queued, then FIN. */
  finish(): void
  destroy(): void
}

/** Buffer of a connection in bytes: its first one, and the largest that it keeps after a longer frame. */
const firstRoom = 32 * 1024
const keptRoom = 256 * 1024

/** Bytes beyond the frame's end: when a read fills its buffer, libuv reads again at once, and mostly gets EAGAIN. */
const slack = 4096

type Limit = Extract<Ending, { how: 'limit' }>['limit']

const nothing = Buffer.alloc(0)

/** How long a server that stops, or a connection that is being closed, waits for its peer, in milliseconds. */
export const grace = 2000

/** Echoes a connection until it is closed. Nothing that its peer does may affect another connection. */
export function echoConnection(
  accepted: Socket,
  rules: EchoRules,
  budget: Budget,
  peer: string,
  story: ConnectionStory,
): EchoConnection {
  let buffer = Buffer.allocUnsafeSlow(firstRoom)
  /** How many bytes of a partial frame are in the buffer. */
  let filled = 0
  /** The kernel has not accepted all of the last write. Nothing is read until it has. */
  let waits = false
  let finishing = false
  /** This connection's share of the budget: for the buffer, and for an earlier one whose bytes still wait to be written. */
  let held = 0
  let lent = 0

  const socket = readInto(accepted, {
    room: () => (filled === 0 ? buffer : buffer.subarray(filled)),
    took(bytes) {
      // Bytes are read and dropped: close(2) with unread bytes sends a reset, and the peer may lose its last echoes.
      if (finishing) return true
      filled += bytes
      const { end, tooLong } = scan()
      if (end > 0) send(rules.reply === 'frame' ? buffer.subarray(0, end) : bodies(end))
      if (tooLong !== undefined) refuse(tooLong)
      else keep(end)
      return !waits
    },
  })

  function send(echoes: Buffer): void {
    socket.write(echoes)
    if (socket.writableLength === 0) return
    // This callback runs when the kernel has accepted the echoes. One with every write would cost more than the echo itself.
    waits = true
    socket.write(nothing, () => {
      waits = false
      budget.left += lent
      lent = 0
      socket.resume()
    })
  }

  /** Moves the bodies of the complete frames together, at the front of the buffer. */
  function bodies(framesEnd: number): Buffer {
    let packed = 0
    for (let at = 0; at < framesEnd; ) {
      const start = at + headerBytes
      at = start + lengthAt(buffer, at)
      packed += buffer.copy(buffer, packed, start, at)
    }
    return buffer.subarray(0, packed)
  }

  /** Where the complete frames in the buffer end, and the length in the header after them if it is too long. */
  function scan(): { end: number; tooLong?: number } {
    let at = 0
    while (filled - at >= headerBytes) {
      const length = lengthAt(buffer, at)
      if (length > rules.maxFrame) return { end: at, tooLong: length }
      const end = at + headerBytes + length
      if (end > filled) break
      story.frame(buffer, at + headerBytes, end)
      at = end
    }
    return { end: at }
  }

  /** Moves the partial frame after the complete ones to the front of a buffer that has room for the rest of it. */
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

  /** Takes the next buffer's bytes from the budget. Returns this one's, unless its frames still wait to be written. */
  function account(next: number): boolean {
    if (budget.left + (waits ? 0 : held) < next) return false
    if (waits) lent += held
    else budget.left += held
    budget.left -= next
    held = next
    return true
  }

  function refuseMore(needed: number): void {
    closeAt(
      'memory',
      'lack of memory',
      `its frame needs ${thousands(needed)} bytes, more than the server has left.`,
    )
    finish()
  }

  function closeAt(limit: Limit, kind: string, reason: string): void {
    const text = `Closed the connection to ${peer}: ${reason}`
    story.ends({ closedBy: 'server', how: 'limit', limit }, { kind, text })
  }

  function fits(kept: number, needed: number): boolean {
    return needed > keptRoom
      ? kept < buffer.length
      : needed < buffer.length && buffer.length <= keptRoom + slack
  }

  function refuse(length: number): void {
    closeAt(
      'max-frame',
      'frame above the limit',
      `it announced a frame of ${thousands(length)} bytes, above the limit of ${thousands(rules.maxFrame)}.`,
    )
    finish()
  }

  /** Where in a frame the last byte was, if it was inside one. */
  function partialFrame() {
    if (filled === 0) return undefined
    const expected = filled < headerBytes ? headerBytes : headerBytes + lengthAt(buffer, 0)
    const where = filled < headerBytes ? 'header' : 'frame'
    return {
      text: `inside a ${where}: ${filled} of ${expected} bytes`,
      data: { partial: [filled, expected] },
    }
  }

  function finish(): void {
    finishing = true
    // What is dropped is read into a new buffer, because the old one may contain echoes that still wait to be written.
    account(0)
    buffer = Buffer.allocUnsafeSlow(firstRoom)
    filled = 0
    socket.setTimeout(0)
    socket.end()
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), grace)
    socket.on('close', () => clearTimeout(timer))
  }

  if (rules.idleTimeoutMs !== null) {
    socket.setTimeout(rules.idleTimeoutMs, () => {
      closeAt('idle-timeout', 'idle connection', `it was idle for ${rules.idleTimeoutMs} ms.`)
      socket.destroy()
    })
  }
  // The peer may have closed its sending side only, so it still gets its echoes.
  socket.on('end', async () => {
    if (await hiddenReset(socket)) return
    const partial = partialFrame()
    const text = `${peer} closed the connection (FIN) ${partial?.text}.`
    story.ends({ closedBy: 'peer', how: 'FIN', ...partial?.data }, partial && { kind: 'partial frame', text })
    socket.end()
  })
  socket.on('error', (error) => {
    const errno = errnoOf(error) ?? 'EIO'
    // EPIPE: an earlier call returned the reset.
    if (errno !== 'ECONNRESET' && errno !== 'EPIPE') {
      const text = `The connection to ${peer} broke: ${error.message}.`
      story.ends({ closedBy: 'server', how: 'error', errno }, { kind: 'error', text })
      return
    }
    const partial = partialFrame()
    const text = `${peer} reset the connection (ECONNRESET)${partial ? ` ${partial.text}` : ''}.`
    story.ends({ closedBy: 'peer', how: 'reset', ...partial?.data }, { kind: 'reset', text })
  })
  socket.on('close', () => {
    budget.left += held + lent
    held = lent = 0
    story.closed()
  })
  return {
    finish() {
      story.ends({ closedBy: 'server', how: 'stop' })
      finish()
    },
    destroy: () => void socket.destroy(),
  }
}

/** The buffer size for a frame of which `kept` bytes have arrived. It grows with them, so a header alone reserves little. */
function roomFor(kept: number, needed: number): number {
  if (needed <= keptRoom) return Math.max(needed + slack, firstRoom)
  return Math.min(needed, Math.max(keptRoom, 2 * kept))
}
