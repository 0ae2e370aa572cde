/** Why a frame must be read in full: a reader that trusts single reads and one that loops get the same bytes. */
import type { FrameSenderConfig } from '../../actors/frame-sender.js'
import { encode } from '../../framing/index.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { listeningAddress } from './listening-address.js'
import { showPackets } from './show-packets.js'

/** The second frame is cut in its body, the third in its header. The last is longer than one read returns. */
const texts = ['short and whole', 'cut in the middle of its body', 'cut in its header'] as const
const lastFrame = 1024 * 1024

/** The stream in pieces. The sender sends each when the one before has been read, so each arrives alone. */
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
  stage.note(
    'A read may be short: it returns at least one byte, and at most as many as requested. ' +
      'Watch one reader trust each single read, and another ask again for the rest.',
    'opening',
  )
  const pieces = cutStream().map((piece) => piece.toString('base64'))
  const config: FrameSenderConfig = { pieces, lastFrame, readers: 2 }
  const sender = await stage.start({ program: 'frame-sender', name: 'sender', config })
  const address = await listeningAddress(sender)
  stage.note('Both readers get the same bytes in the same pieces.')

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
  await showPackets(stage)
  stage.note(
    'A stream has no message boundaries: neither a write, nor a packet, nor a read is a message. ' +
      'With a plain read(2), the program itself must ask again until the frame is complete.',
    'closing',
  )
  stage.note(
    'Next: run `osdemo tcp-echo`, and in another terminal `osdemo tcp-echo client --chunk 1 hello`.',
    'next',
  )
}

function compare(stage: Stage, trusting: Actor, careful: Actor): void {
  for (const reader of [trusting, careful]) {
    const sizes = readsOf(reader).map(({ result }) => result)
    const about = `bytes per read of the ${reader.name} reader`
    stage.evidence('read(2)', sizes.join(', '), about, { data: sizes })
  }
  const short = readsOf(careful).find(({ asked, result }) => result < asked)
  stage.claim(
    'tcp/read-may-be-short',
    `A read may be short: ${short ? `one asked for ${short.asked} bytes and got ${short.result}` : 'here none was'}.`,
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
    `A reader that asks for the rest gets every frame: the careful one got ${whole} of ${sent.length}.`,
    whole === sent.length,
  )
  const torn = framesOf(trusting).find((frame, index) => !isAsSent(frame, index))
  stage.claim(
    'frame/single-reads-tear-frames',
    `A reader that trusts single reads gets partial frames: here ${torn ? describe(torn.text ?? '') : 'none'}.`,
    torn !== undefined,
  )
  const lost = lostAt(trusting)
  stage.claim(
    'frame/torn-reader-loses-its-place',
    lost
      ? `After a partial frame, a reader loses its place: it took ${JSON.stringify(lost.bytes)} for a header.`
      : 'After a partial frame, a reader loses its place: this one did not.',
    lost !== undefined,
  )
}

/** A partial frame: its text, and the zero bytes of the buffer that no read has filled. */
function describe(text: string): string {
  // split(2) returns at least one part.
  const arrived = text.split('\0', 1)[0]!
  return `${JSON.stringify(arrived)} and ${text.length - arrived.length} zero bytes`
}

/** The reads of a reader: how many bytes each asked for, and how many it returned. */
function readsOf(reader: Actor): { asked: number; result: number }[] {
  return reader.events.flatMap((event) => {
    if (event.event !== 'call' || event.call !== 'read') return []
    const { asked, result } = event
    return asked === undefined || result === undefined ? [] : [{ asked, result }]
  })
}

/** A frame's length in bytes, and its text where it is short. */
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

/** Bytes of a body that a reader took for a header, and the length that they would announce. */
function lostAt(reader: Actor): { bytes: string; length: number } | undefined {
  for (const event of reader.events) {
    if (event.event !== 'evidence' || typeof event.data !== 'object' || Array.isArray(event.data)) continue
    const { bytes, length } = event.data
    if (typeof bytes === 'string' && typeof length === 'number') return { bytes, length }
  }
  return undefined
}
