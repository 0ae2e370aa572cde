/** Why a frame must be read in full: the same bytes, once to a reader that trusts one read and once to one that does not. */
import type { FrameSenderConfig } from '../../actors/frame-sender.js'
import { encode } from '../../framing/index.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { listeningAddress } from './listening-address.js'

/** The second frame is cut in its body, the third in its header; the last is more than one read gives. */
const texts = ['short and whole', 'cut in the middle of its body', 'cut in its header'] as const
const lastFrame = 1024 * 1024

/** The stream in pieces, each of which arrives on its own. */
function cutStream(): Buffer[] {
  const second = encode(texts[1])
  const third = encode(texts[2])
  return [
    encode(texts[0]),
    second.subarray(0, 11),
    Buffer.concat([second.subarray(11), third.subarray(0, 2)]),
    third.subarray(2),
  ]
}

export const shortReads: Demo = async (stage) => {
  const pieces = cutStream().map((piece) => piece.toString('base64'))
  const config: FrameSenderConfig = { pieces, lastFrame, readers: 2 }
  const sender = await stage.start({ program: 'frame-sender', name: 'sender', config })
  const address = await listeningAddress(sender)
  stage.note('the same bytes, in the same pieces, go to two readers', 'opening')

  const read = (name: string, trusting: boolean) =>
    stage.start({
      program: 'frame-reader',
      name,
      config: { ...address, trusting },
    })
  const trusting = await read('trusting', true)
  await trusting.ended
  const careful = await read('careful', false)
  await careful.ended
  await sender.ended

  compare(stage, trusting, careful)
  stage.note(
    'So: read(2) promises at least one byte, not all that were asked for; a stream has no borders of messages. ' +
      'With a plain read the loop around it is yours to write: ask again for the rest, until it is there or the stream ends.',
    'closing',
  )
}

function compare(stage: Stage, trusting: Actor, careful: Actor): void {
  for (const reader of [trusting, careful]) {
    const sizes = readsOf(reader).map(({ result }) => result)
    const about = `what single reads gave the ${reader.name} reader, in bytes`
    stage.evidence('read(2)', sizes.join(', '), about, { data: sizes })
  }
  const short = readsOf(careful).find(({ asked, result }) => result < asked)
  stage.claim(
    'tcp/read-may-be-short',
    `a single read may give less than was asked for: here ${short ? `${short.result} of ${short.asked} bytes` : 'none did'}`,
    short !== undefined,
  )

  const sent: Frame[] = [
    ...texts.map((text) => ({ bytes: Buffer.byteLength(text), text })),
    { bytes: lastFrame, text: undefined },
  ]
  const isAsSent = (frame: Frame, index: number) =>
    frame.bytes === sent[index]?.bytes && frame.text === sent[index].text
  const whole = framesOf(careful).filter(isAsSent).length
  stage.claim(
    'frame/read-loop-gets-every-frame',
    `the careful reader got all ${sent.length} frames as they were sent`,
    whole === sent.length,
  )
  const torn = framesOf(trusting).find((frame, index) => !isAsSent(frame, index))
  stage.claim(
    'frame/single-reads-tear-frames',
    `the trusting reader did not: one came out as ${describe(torn?.text ?? '')}`,
    torn !== undefined,
  )
  const lost = lostAt(trusting)
  stage.claim(
    'frame/torn-reader-loses-its-place',
    lost
      ? `and then it was lost: took ${JSON.stringify(lost.bytes)} for a header, which announces ${lost.length} bytes`
      : 'and then it was still in its place',
    lost !== undefined,
  )
}

/** A torn frame: its text ends where the bytes begin that never came. */
function describe(text: string): string {
  // split(2) returns at least one part.
  const came = text.split('\0', 1)[0]!
  return `${JSON.stringify(came)} and ${text.length - came.length} zero bytes that nobody sent`
}

/** The reads of a reader: how many bytes each asked for, and got. */
function readsOf(reader: Actor): { asked: number; result: number }[] {
  return reader.events.flatMap((event) => {
    if (event.event !== 'call' || event.call !== 'read') return []
    const { asked, result } = event
    return asked === undefined || result === undefined ? [] : [{ asked, result }]
  })
}

/** Its length in bytes, and its text where it is short. */
interface Frame {
  bytes: number
  text: string | undefined
}

/** What a reader took for frames. */
function framesOf(reader: Actor): Frame[] {
  return reader.events.flatMap((event) =>
    event.event === 'received' ? [{ bytes: event.bytes, text: event.text }] : [],
  )
}

/** The bytes that a reader took for a header and that were none, and the length that they would announce. */
function lostAt(reader: Actor): { bytes: string; length: number } | undefined {
  for (const event of reader.events) {
    if (event.event !== 'evidence' || typeof event.data !== 'object' || Array.isArray(event.data)) continue
    const { bytes, length } = event.data
    if (typeof bytes === 'string' && typeof length === 'number') return { bytes, length }
  }
  return undefined
}
