/** Stream, datagram and seqpacket sockets: where a message ends, what a full receiver does, and whether there is end of file. */
import type { Demo, Stage } from '../../run/stage.js'
import { sendSignal } from '../process/send-signal.js'
import { seeWait } from '../shared/claim-waiting.js'
import { requireProc } from '../shared/require-proc.js'
import { errnoName } from './errno-name.js'
import { type SocketProcess, startSocketProcess } from './socket-program.js'

const kinds = ['stream', 'datagram', 'seqpacket'] as const
type Kind = (typeof kinds)[number]

/** Three messages of 5 bytes. */
const messages = ['first', 'other', 'third']

/** A message, or a part of one, that the receiver got. */
interface Part {
  bytes: number
  text: string
  /** Whether the kernel reported with MSG_TRUNC that the message was longer. */
  isCut: boolean
}

interface Channel {
  kind: Kind
  sends(text: string): Promise<unknown>
  receives(size: number): Promise<Part>
  /** The descriptor of the receiver. */
  fd: number
}

export const socketDatagram: Demo = async (stage) => {
  requireProc('socket datagram')
  stage.note(
    'Three kinds of sockets carry the same three messages of 5 bytes. ' +
      'Watch what one call receives, and what happens when the buffer is too small.',
    'opening',
  )
  // The child sends: a parent that waits could not pass commands on to its child.
  const receiver = await startSocketProcess(stage, 'receiver')
  const pairs = []
  for (const kind of kinds) pairs.push({ kind, ends: await receiver.numbers(`pair ${kind}`) })
  const sender = await receiver.fork('sender')
  const channels = []
  for (const { kind, ends } of pairs) channels.push(await channelOf(receiver, sender, kind, ends))
  await showBoundaries(stage, channels)
  await showSmallBuffer(stage, channels)
  await showEmptyMessage(stage, channels)
  await showFull(stage, receiver, sender)
  await showEnd(stage, receiver, sender, channels)
  stage.note(
    'A stream carries bytes, so a program must find the messages itself. ' +
      'Datagrams and seqpacket carry messages, and a message that does not fit is cut.',
    'closing',
  )
  stage.note('Next: `osdemo short-reads` shows how frames mark the messages in a stream.', 'next')
}

async function channelOf(
  receiver: SocketProcess,
  sender: SocketProcess,
  kind: Kind,
  [own = -1, other = -1]: number[],
): Promise<Channel> {
  await receiver.call(`close ${other}`)
  await sender.call(`close ${own}`)
  return {
    kind,
    fd: own,
    sends: (text) => sender.call(`send ${other} ${text}`),
    async receives(size) {
      const { value, more } = await receiver.call(`receive ${own} ${size}`)
      return { bytes: value, text: more.replace(/^cut /, ''), isCut: more.startsWith('cut ') }
    },
  }
}

/** Shows what calls have received, in order. @param sizes for how many bytes they had room; the last one for all others too */
function showParts(stage: Stage, kind: Kind, moment: string, sent: string[], sizes: number[], parts: Part[]) {
  const words = parts.map(({ bytes, text, isCut }) => `${bytes} "${text}"${isCut ? ' MSG_TRUNC' : ''}`)
  const data = {
    kind,
    moment,
    sent,
    sizes,
    texts: parts.map(({ text }) => text),
    bytes: parts.map(({ bytes }) => bytes),
    cut: parts.map(({ isCut }) => isCut),
  }
  stage.evidence(`recvmsg(2), ${kind}`, words.join(', '), `room for ${sizes.join(', then ')} bytes`, { data })
}

const sizesOf = (parts: Part[]) => parts.map(({ bytes }) => bytes).join()

async function showBoundaries(stage: Stage, channels: Channel[]): Promise<void> {
  stage.note('The sender sends three messages of 5 bytes. Then the receiver asks for up to 100 bytes.')
  const sizes = new Map<Kind, string>()
  for (const { kind, sends, receives } of channels) {
    for (const text of messages) await sends(text)
    const parts: Part[] = []
    // A call for what does not come would wait.
    while (bytesOf(parts) < 15 && parts.length < 3) parts.push(await receives(100))
    showParts(stage, kind, 'boundaries', messages, [100], parts)
    sizes.set(kind, sizesOf(parts))
    if (kind === 'stream')
      stage.claim(
        'datagram/stream-has-no-boundaries',
        'A stream has no boundaries: one call received the 15 bytes of all three messages.',
        sizesOf(parts) === '15',
      )
  }
  stage.claim(
    'datagram/messages-keep-boundaries',
    'Datagram and seqpacket sockets keep messages apart: each call received one, of 5 bytes.',
    sizes.get('datagram') === '5,5,5' && sizes.get('seqpacket') === '5,5,5',
  )
}

const bytesOf = (parts: Part[]) => parts.reduce((sum, { bytes }) => sum + Math.max(bytes, 0), 0)

async function showSmallBuffer(stage: Stage, channels: Channel[]): Promise<void> {
  stage.note('The sender sends two of them. The first call has room for 3 bytes only.')
  const sent = messages.slice(0, 2)
  const isCut: boolean[] = []
  for (const { kind, sends, receives } of channels) {
    for (const text of sent) await sends(text)
    const parts = [await receives(3), await receives(100)]
    showParts(stage, kind, 'small buffer', sent, [3, 100], parts)
    const texts = parts.map(({ text }) => text).join(' ')
    if (kind === 'stream')
      stage.claim(
        'datagram/stream-keeps-the-rest',
        'A stream loses nothing: the next call received the rest.',
        texts === 'fir stother',
      )
    else isCut.push(parts[0]?.isCut === true && texts === 'fir other')
  }
  stage.claim(
    'datagram/small-buffer-cuts-a-message',
    'A message that does not fit is cut (MSG_TRUNC): the rest of it, 2 bytes, is lost.',
    isCut.length === 2 && isCut.every(Boolean),
  )
}

async function showEmptyMessage(stage: Stage, channels: Channel[]): Promise<void> {
  const channel = channels.find(({ kind }) => kind === 'datagram')
  if (!channel) return
  const sent = ['', 'third']
  for (const text of sent) await channel.sends(text)
  const parts = [await channel.receives(100), await channel.receives(100)]
  showParts(stage, 'datagram', 'empty message', sent, [100], parts)
  stage.claim(
    'datagram/empty-message-is-no-end-of-file',
    'A datagram may be empty: 0 bytes are a message then, and the next one follows.',
    sizesOf(parts) === '0,5',
  )
}

/** The queue of a datagram socket is full: the sender waits. */
async function showFull(stage: Stage, receiver: SocketProcess, sender: SocketProcess): Promise<void> {
  // Containers that share a network may have the same pids.
  const name = `@osdemo-${receiver.id}-${Date.now()}`
  const { value: own } = await receiver.call('socket datagram')
  await receiver.call(`bind ${own} ${name}`)
  const { value: other } = await sender.call('socket datagram')
  await sender.call(`connect ${other} ${name}`)
  stage.note('The sender fills the queue of another datagram socket, without waiting, until a send fails.')
  const { value: count, more } = await sender.call(`fill ${other}`)
  stage.evidence('send(2)', errnoName(Number(more)), `after ${count} messages`, {
    data: { count, errno: Number(more) },
  })
  const sending = sender.begin(`send ${other} last`)
  await seeWait(stage, {
    pid: sender.id,
    calls: ['sendto'],
    hasReturned: sending.hasReturned,
    id: 'datagram/full-queue-blocks-the-sender',
    claim: 'A full queue blocks the sender: its next send(2) waits until the receiver has taken messages.',
  })
  const before = await receiver.call(`empty ${own}`)
  await sending.result
  const after = await receiver.call(`empty ${own}`)
  const received = before.value + after.value
  stage.evidence('recv(2)', `${received} messages`, 'until the queue was empty', { data: { received } })
  stage.claim(
    'datagram/no-message-is-lost',
    `A Unix datagram is not lost when the queue is full: all ${count + 1} messages arrived.`,
    count > 0 && received === count + 1,
  )
}

/** The sender exits, which closes its sockets. */
async function showEnd(
  stage: Stage,
  receiver: SocketProcess,
  sender: SocketProcess,
  channels: Channel[],
): Promise<void> {
  await sender.exit()
  stage.note('The sender has exited. The receiver waits for the next message of each kind.')
  const ends = new Map<Kind, Part>()
  for (const { kind, receives } of channels.filter(({ kind }) => kind !== 'datagram')) {
    const part = await receives(100)
    showParts(stage, kind, 'sender has exited', [], [100], [part])
    ends.set(kind, part)
  }
  stage.claim(
    'datagram/connections-have-end-of-file',
    'Stream and seqpacket sockets have end of file: 0 bytes.',
    ends.get('stream')?.bytes === 0 && ends.get('seqpacket')?.bytes === 0,
  )
  const fd = channels.find(({ kind }) => kind === 'datagram')?.fd
  const waiting = receiver.begin(`receive ${fd} 100`)
  await seeWait(stage, {
    pid: receiver.id,
    calls: ['recvmsg'],
    hasReturned: waiting.hasReturned,
    id: 'datagram/datagrams-have-no-end-of-file',
    claim: 'A datagram socket has no end of file: the receiver waits.',
  })
  sendSignal(stage, receiver, 'SIGTERM')
  await waiting.result.catch(() => {})
}
