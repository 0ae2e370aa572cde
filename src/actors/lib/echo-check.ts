/** Compares what an echo server sends with what it was sent, byte by byte, as the bytes arrive. */
import { DemoFailed } from '../../errors.js'
import type { Say } from '../../events.js'
import { headerBytes } from '../../framing/header.js'
import { counted } from '../../text.js'
import type { Reply } from './echo-connection.js'

const nothing = Buffer.alloc(0)

export interface EchoCheck {
  /** A frame is about to be sent. Its echo may arrive while it is still being sent. */
  expect(frame: Buffer): void
  /** Yields the body of each echo that these bytes complete. @throws DemoFailed at the first byte that differs */
  take(chunk: Buffer): Generator<Buffer>
  /** How many echoes have not arrived in full. */
  readonly missing: number
  /** How many bytes of the next echo have arrived, as in `5 of 9 bytes`; undefined while none has. */
  readonly partial: string | undefined
}

/**
 * @param reply what an echo consists of
 * @param compares false takes any bytes: each echo is then as long as what was sent
 */
export function createEchoCheck(say: Say, reply: Reply, compares: boolean): EchoCheck {
  /** Frames whose echo has not arrived in full, oldest first. */
  const frames: Buffer[] = []
  let complete = 0
  /** How many bytes of the next echo have arrived. */
  let arrived = 0

  function* take(chunk: Buffer): Generator<Buffer> {
    let from = 0
    for (;;) {
      const frame = frames[0]
      if (!frame) break
      const echo = echoOf(frame, reply)
      const length = Math.min(echo.length - arrived, chunk.length - from)
      const end = from + length
      if (!compares) chunk.copy(echo, arrived, from, end)
      else if (echo.compare(chunk, from, end, arrived, arrived + length) !== 0)
        throw differs(frame, chunk, from)
      from = end
      arrived += length
      if (arrived < echo.length) return
      frames.shift()
      complete++
      arrived = 0
      yield bodyOf(frame)
    }
    if (from < chunk.length) throw leftOver(chunk.length - from)
  }

  /** The error for bytes, from `from` on in the chunk, that are not those of the echo. */
  function differs(frame: Buffer, chunk: Buffer, from: number): DemoFailed {
    const echo = echoOf(frame, reply)
    // The body of an empty message has no byte, so these bytes may answer a later one.
    const others = frames.map((sent) => echoOf(sent, reply === 'frame' ? 'body' : 'frame'))
    const other = others.find(({ length }) => length > 0) ?? nothing
    const got = Buffer.concat([echo.subarray(0, arrived), chunk.subarray(from)])
    const at = got.findIndex((byte, index) => byte !== echo[index])
    // The caller has found a difference within the echo's length, so both bytes exist.
    const [wanted, came] = [echo[at]!, got[at]!]
    const inHeader = reply === 'frame' && at < headerBytes
    const place = `byte ${at}, in its ${inHeader ? 'header' : 'body'}`
    const data = { echo: complete, byte: at, sent: wanted, received: came }
    const value = `byte ${at} of echo ${complete}: ${hex(came)}, and ${hex(wanted)} was sent`
    say({ event: 'evidence', source: 'read(2)', value, about: 'the first byte that differs', data })
    if (startsAlike(got, other)) return wrongReply(reply)
    return new DemoFailed(
      `echo ${complete} differs at ${place}: ${hex(wanted)} was sent, ${hex(came)} arrived`,
      inHeader ? { hint: 'Check that this is an echo server for frames, such as osdemo tcp-echo.' } : {},
    )
  }

  function leftOver(bytes: number): DemoFailed {
    const data = { echo: complete, byte: 0, leftOver: bytes }
    const value = `${counted(bytes, 'byte')} after ${counted(complete, 'complete echo', 'complete echoes')}`
    say({ event: 'evidence', source: 'read(2)', value, about: 'they answer no frame', data })
    const what = complete === 0 ? 'although nothing was sent' : `behind the last echo, echo ${complete - 1}`
    return new DemoFailed(`${counted(bytes, 'byte')} arrived ${what}`, {
      hint: 'An echo server sends each frame back once, and nothing else.',
    })
  }

  return {
    expect: (frame) => void frames.push(frame),
    take,
    get missing() {
      return frames.length
    },
    get partial() {
      return frames[0] && arrived > 0
        ? `${arrived} of ${counted(echoOf(frames[0], reply).length, 'byte')}`
        : undefined
    },
  }
}

function bodyOf(frame: Buffer): Buffer {
  return frame.subarray(headerBytes)
}

function echoOf(frame: Buffer, reply: Reply): Buffer {
  return reply === 'frame' ? frame : bodyOf(frame)
}

/** Whether these bytes are the beginning of an echo, or the whole echo and more. */
function startsAlike(got: Buffer, echo: Buffer): boolean {
  const length = Math.min(got.length, echo.length)
  return length > 0 && got.compare(echo, 0, length, 0, length) === 0
}

function wrongReply(expected: Reply): DemoFailed {
  return new DemoFailed(
    expected === 'frame'
      ? 'the peer answered with the body and no header; try --reply body'
      : 'the peer answered with a header and the body; try --reply frame',
  )
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`
}
