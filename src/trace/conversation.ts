/** Who sent what to whom: the bytes that one process wrote and another one read, summed up. */
import { createDatagrams, type Datagrams } from './datagrams.js'
import type { Process } from './model.js'
import type { Thing } from './objects.js'
import { unquoted } from './scan.js'
import { createStream, type Piece, type Stream } from './stream.js'
import { unblocked } from './wakers.js'

/** What went from one process to another through one object. */
export interface Talk {
  thing: Thing
  from: Process
  to: Process
  /** Writes, or messages of a queue, of which the receiver got at least a part. */
  messages: number
  bytes: number
  /** The beginning of the first one. */
  text: string
}

export interface Delivery {
  sent: number
  received: number
  bytes: number
  text: string
}

export type Conversation = ReturnType<typeof createConversation>

/** @param onMessage is called when the last byte of a write has been read */
export function createConversation(onMessage?: (talk: Talk, message: Delivery) => void) {
  const streams = new Map<Thing, Map<string, Stream>>()
  const datagrams = new Map<Thing, Map<string, Datagrams>>()
  const talks = new Map<Thing, Map<Process, Map<Process, Talk>>>()
  /** The last receiver of a part of a write. */
  const begun = new WeakMap<Piece, Process>()

  function streamFor(thing: Thing, name: string): Stream {
    const ofThing = streams.get(thing) ?? new Map<string, Stream>()
    streams.set(thing, ofThing)
    const found = ofThing.get(name) ?? createStream((...match) => deliver(thing, ...match))
    ofThing.set(name, found)
    return found
  }

  function deliver(thing: Thing, from: Piece, to: Piece, bytes: number, isLast: boolean): void {
    // Many runtimes wake up their own threads with an eventfd.
    if (from.isNoMessage || (thing.kind === 'eventfd' && from.by === to.by)) return
    if (to.block) unblocked(to.block, from.by)
    const talk = talkOf(thing, from, to)
    if (begun.get(from) !== to.by) talk.messages++
    begun.set(from, to.by)
    // The end of a datagram is lost where the buffer of the receiver is smaller.
    talk.bytes += from.size === undefined ? bytes : Math.min(from.size, to.size ?? from.size)
    if (isLast)
      onMessage?.(talk, {
        sent: from.t,
        received: to.t,
        bytes: from.size ?? from.bytes,
        text: unquoted(from.text),
      })
  }

  function talkOf(thing: Thing, { by: from, text }: Piece, { by: to }: Piece): Talk {
    const ofThing = talks.get(thing) ?? new Map<Process, Map<Process, Talk>>()
    talks.set(thing, ofThing)
    const ofSender = ofThing.get(from) ?? new Map<Process, Talk>()
    ofThing.set(from, ofSender)
    const found = ofSender.get(to) ?? { thing, from, to, messages: 0, bytes: 0, text: unquoted(text) }
    ofSender.set(to, found)
    return found
  }

  return {
    /** The datagrams that go through an object in one direction. */
    datagrams(thing: Thing, channel: string): Datagrams {
      const ofThing = datagrams.get(thing) ?? new Map<string, Datagrams>()
      datagrams.set(thing, ofThing)
      const found = ofThing.get(channel) ?? createDatagrams((...match) => deliver(thing, ...match))
      ofThing.set(channel, found)
      return found
    },
    write: (thing: Thing, stream: string, piece: Piece) => streamFor(thing, stream).write(piece),
    read: (thing: Thing, stream: string, piece: Piece) => streamFor(thing, stream).read(piece),
    talks: () =>
      [...talks.values()].flatMap((each) => [...each.values()].flatMap((one) => [...one.values()])),
  }
}
