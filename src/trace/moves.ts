/** Bytes and messages that go through descriptors: to a stream, to a socket that gets datagrams, or to the counter of an eventfd. */
import type { Conversation } from './conversation.js'
import { type Descriptor, descriptorIn } from './descriptor.js'
import type { Does } from './effects.js'
import type { Call } from './line.js'
import type { Block, Process } from './model.js'
import { isMapped, type Objects, type Thing } from './objects.js'
import { bytesOf, scan } from './scan.js'
import { addressIn } from './sockets.js'
import type { Piece } from './stream.js'
import type { Tables } from './tables.js'
import { unblocked } from './wakers.js'

type Side = 'read' | 'write'

export function createMoves(objects: Objects, tables: Tables, conversation: Conversation) {
  function pass(
    side: Side,
    at: number,
    effect: Does<'move'>,
    call: Call,
    process: Process,
    block?: Block,
  ): void {
    const descriptor = descriptorIn(call.args[at] ?? '')
    if (!descriptor) return
    const t = side === 'write' ? call.t : call.t + call.took
    if (descriptor.kind === 'socket' && objects.sockets.isPacket(descriptor)) {
      tables.held(process, descriptor)
      for (const message of messagesOf(call, effect))
        datagram(side, descriptor, message, { by: process, t, block })
      return
    }
    const thing = tables.held(process, descriptor, side)?.thing
    if (!thing || isMapped(thing)) return
    const reader = side === 'write' && block ? onlyReader(thing, process) : undefined
    if (block && reader) unblocked(block, reader)
    if (thing.kind === 'eventfd') {
      count(side, thing, call, { by: process, t, block })
      return
    }
    const bytes = effect.many ? sizeOf(messagesOf(call, effect)) : (call.result ?? 0)
    objects.used(thing, process, side, bytes)
    const stream = descriptor.kind === 'socket' ? objects.sockets.streamOf(descriptor, side) : ''
    if (stream === undefined) return
    const text = effect.text === undefined ? '' : firstString(call.args[effect.text] ?? '')
    conversation[side](thing, stream, { by: process, t, block, bytes, text })
  }

  function datagram(
    side: Side,
    socket: Descriptor & { kind: 'socket' },
    { bytes, text, address, room }: Message,
    about: Pick<Piece, 'by' | 't' | 'block'>,
  ): void {
    const { sockets } = objects
    const way = side === 'write' ? sockets.towards(socket, address) : sockets.ofReader(socket)
    if (!way) return
    objects.used(way.thing, about.by, side, bytes)
    const isUnix = socket.protocol.startsWith('UNIX')
    const from = side === 'read' ? addressIn(address) : isUnix ? socket.path : socket.local
    const source = isUnix ? from : /:([1-9]\d*)$/.exec(from ?? '')?.[1]
    conversation
      .datagrams(way.thing, way.channel)
      [side]({ ...about, bytes: 1, size: bytes, text, source, ...(side === 'read' && { room }) })
  }

  /** A write adds to the counter of an eventfd, and a read takes from it. */
  function count(side: Side, thing: Thing, call: Call, about: Pick<Piece, 'by' | 't' | 'block'>): void {
    objects.used(thing, about.by, side, 8)
    const bytes = bytesOf((call.args[1] ?? '').slice(1, -1))
    if (bytes.length !== 8) return
    const value = Number(bytes.readBigUInt64LE())
    conversation[side](thing, '', { ...about, bytes: value, size: 8, text: '' })
  }

  return {
    /** The value that an eventfd has from the beginning belongs to no message. */
    opened(call: Call, process: Process): void {
      const thing = process.table.get(call.result ?? -1)?.thing
      const bytes = Number(call.args[0])
      if (call.name.startsWith('eventfd') && thing && bytes > 0)
        conversation.write(thing, '', { by: process, t: call.t, bytes, text: '', isNoMessage: true })
    },

    move(effect: Does<'move'>, call: Call, process: Process, block?: Block): void {
      if (effect.from !== undefined) pass('read', effect.from, effect, call, process, block)
      if (effect.to !== undefined) pass('write', effect.to, effect, call, process, block)
      if (effect.message === undefined) return
      if (effect.to === undefined) tables.receive(call, process)
      else tables.send(call, process)
    },
  }
}

/** A write into a full pipe returns when a process has read. Undefined where several read. */
function onlyReader(thing: Thing, writer: Process): Process | undefined {
  const readers = [...thing.users].filter(([process, use]) => process !== writer && use.read.calls > 0)
  return readers.length === 1 ? readers[0]?.[0] : undefined
}

interface Message {
  bytes: number
  /** As strace writes it. */
  text: string
  /** The argument that contains an address. */
  address: string
  /** The size of the buffer. */
  room: number
}

function messagesOf({ args, result = 0 }: Call, { text, message, address, many }: Does<'move'>): Message[] {
  const word = args[text ?? -1] ?? ''
  if (many) {
    const list = scan(word, 1).args.slice(0, result)
    return list.map((each) => ({
      ...ofHeader(each),
      bytes: Number(/msg_len=(\d+)\}?$/.exec(each)?.[1] ?? 0),
    }))
  }
  if (message !== undefined) return [{ ...ofHeader(word), bytes: result }]
  const where = address === undefined ? '' : (args[address] ?? '')
  return [{ bytes: result, text: firstString(word), address: where, room: Number(args[2]) }]
}

const sizeOf = (list: Message[]) => list.reduce((sum, { bytes }) => sum + bytes, 0)

/** A `struct msghdr`. */
function ofHeader(word: string): Omit<Message, 'bytes'> {
  const [, address = ''] = /msg_name=(\{.*?\}), msg_namelen/.exec(word) ?? []
  const lengths = [...word.matchAll(/iov_len=(\d+)/g)].map(([, length]) => Number(length))
  return { text: firstString(word), address, room: lengths.reduce((sum, length) => sum + length, 0) }
}

/** The first string in an argument, as strace writes it: of writev(2) the first buffer, of sendmsg(2) its text. */
function firstString(word: string): string {
  return word.startsWith('"') ? word : (/iov_base=("(?:[^"\\]|\\.)*")/.exec(word)?.[1] ?? '')
}
