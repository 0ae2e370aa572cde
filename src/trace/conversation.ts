/** Who sent what to whom: the bytes that one process wrote and another one read, summed up. */
import type { Process } from './model.js'
import type { Thing } from './objects.js'
import { unquoted } from './scan.js'
import { createStream, type Piece, type Stream } from './stream.js'

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

/** @param onMessage is called when the last byte of a write has been read */
export function createConversation(onMessage?: (talk: Talk, message: Delivery) => void) {
  const streams = new Map<Thing, Map<string, Stream>>()
  const talks = new Map<Thing, Map<string, Talk>>()
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
    const ofThing = talks.get(thing) ?? new Map<string, Talk>()
    talks.set(thing, ofThing)
    const key = `${from.by.pid} ${from.by.born} ${to.by.pid} ${to.by.born}`
    const talk = ofThing.get(key) ?? {
      thing,
      from: from.by,
      to: to.by,
      messages: 0,
      bytes: 0,
      text: unquoted(from.text),
    }
    ofThing.set(key, talk)
    if (begun.get(from) !== to.by) talk.messages++
    begun.set(from, to.by)
    talk.bytes += from.size ?? bytes
    if (isLast)
      onMessage?.(talk, {
        sent: from.t,
        received: to.t,
        bytes: from.size ?? from.bytes,
        text: unquoted(from.text),
      })
  }

  return {
    write: (thing: Thing, stream: string, piece: Piece) => streamFor(thing, stream).write(piece),
    read: (thing: Thing, stream: string, piece: Piece) => streamFor(thing, stream).read(piece),
    talks: () => [...talks.values()].flatMap((each) => [...each.values()]),
  }
}
