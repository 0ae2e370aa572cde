/** Why a frame must be read in full: the same bytes, once to a reader that trusts one read and once to one that does not. */
import type { FrameSenderConfig } from '../../actors/frame-sender.js'
import type { Event } from '../../events.js'
import { encode } from '../../framing/index.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'

/** The second frame is cut in its body, the third in its header; the last is more than one read gives. */
const texts = ['short and whole', 'cut in the middle of its body', 'cut in its header']
const lastFrame = 1024 * 1024

/** The stream in pieces, each of which arrives on its own. */
function cutStream(): Buffer[] {
  const [first, second, third] = texts.map((text) => encode(text)) as [Buffer, Buffer, Buffer]
  return [
    first,
    second.subarray(0, 11),
    Buffer.concat([second.subarray(11), third.subarray(0, 2)]),
    third.subarray(2),
  ]
}

export const shortReads: Demo = async (stage) => {
  const pieces = cutStream().map((piece) => piece.toString('base64'))
  const config: FrameSenderConfig = { pieces, lastFrame, readers: 2 }
  const sender = await stage.start({ program: 'frame-sender', name: 'sender', config })
  const { host, port } = await sender.until('created')
  stage.note('the same bytes, in the same pieces, go to two readers')

  const read = (name: string, trusting: boolean) =>
    stage.start({
      program: 'frame-reader',
      name,
      config: { host: host!, port: port!, trusting },
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
  )
}

function compare(stage: Stage, trusting: Actor, careful: Actor): void {
  for (const reader of [trusting, careful]) {
    stage.evidence(
      'read(2)',
      sizes(reader).join(', '),
      `what single reads gave the ${reader.name} reader, in bytes`,
    )
  }
  const short = careful.events.flatMap((event) =>
    isRead(event) && event.result < askedFor(event) ? [event] : [],
  )
  const example = short[0] && `${short[0].result} of ${askedFor(short[0])} bytes`
  stage.claim(
    'tcp/read-may-be-short',
    `a single read may give less than was asked for: here ${example ?? 'none did'}`,
    short.length > 0,
  )

  const sent = [...texts.map((text) => `${Buffer.byteLength(text)} ${text}`), `${lastFrame} undefined`]
  const whole = frames(careful).filter((frame, index) => frame === sent[index]).length
  stage.claim(
    'frame/read-loop-gets-every-frame',
    `the careful reader got all ${sent.length} frames as they were sent`,
    whole === sent.length,
  )
  const torn = frames(trusting).find((frame, index) => frame !== sent[index])
  stage.claim(
    'frame/single-reads-tear-frames',
    `the trusting reader did not: one came out as ${describe(torn)}`,
    torn !== undefined,
  )
  const lost = trusting.events.flatMap((event) => (event.event === 'note' ? [event.text] : []))[0]
  stage.claim(
    'frame/torn-reader-loses-its-place',
    `and then it was ${lost ?? 'still in its place'}`,
    lost !== undefined,
  )
}

/** A torn frame: its text ends where the bytes begin that never came. */
function describe(frame: string | undefined): string {
  const text = frame?.slice(frame.indexOf(' ') + 1) ?? ''
  const came = text.split('\0', 1)[0]!
  return `${JSON.stringify(came)} and ${text.length - came.length} zero bytes that nobody sent`
}

type Read = Event & { event: 'call'; result: number }

function isRead(event: Event): event is Read {
  return event.event === 'call' && event.call === 'read'
}

function askedFor(read: Read): number {
  return Number(/\d+/.exec(read.object)![0])
}

function sizes(reader: Actor): number[] {
  return reader.events.filter(isRead).map((read) => read.result)
}

/** What a reader took for frames: length and text. */
function frames(reader: Actor): string[] {
  return reader.events.flatMap((event) =>
    event.event === 'received' ? [`${event.bytes} ${event.text}`] : [],
  )
}
