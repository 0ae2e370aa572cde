/**
 * What a server reports about its connections. While there are few, each has events of its own: opened, frames, troubles,
 * closed. When there are many, most are only counted, because reporting must not slow the server down. Nothing is left out:
 * what has no event of its own is counted in a note or in a tally.
 */
import { now, type Say } from '../../events.js'
import { headerBytes } from '../../framing/header.js'
import { counted, thousands } from '../../text.js'
import type { Reply } from './echo-connection.js'
import { textOf } from './meter.js'

/** How many openings, how many closings and how many troubles are reported one by one in a second. */
const perSecond = 20

/** A window in milliseconds, how many frames in it have events of their own (two each), and how many connections a tally. */
const window = 100
const framesPerWindow = 50
const talliesPerWindow = 20

/** Which side closed a connection first, and how. In `partial`, the bytes of a partial frame that arrived, and how many it has. */
export type Ending =
  | { closedBy: 'peer'; how: 'FIN' | 'reset'; partial?: number[] }
  | { closedBy: 'server'; how: 'limit'; limit: 'max-frame' | 'memory' | 'idle-timeout' }
  | { closedBy: 'server'; how: 'stop' }
  | { closedBy: 'server'; how: 'error'; errno: string }

export interface ConnectionStory {
  /** A complete frame has arrived and goes back. Its body is in the buffer from `start` up to `end`. */
  frame(buffer: Buffer, start: number, end: number): void
  /**
   * A side closes the connection. Only the first one counts.
   *
   * @param trouble why, where not both sides wanted it: shown at once. Troubles of one kind are counted together
   */
  ends(ending: Ending, trouble?: { kind: string; text: string }): void
  closed(): void
}

export interface ServerStory {
  opened(local: string, peer: string): ConnectionStory
  /** A trouble that belongs to no open connection. */
  trouble(kind: string, text: string): void
  /** Reports everything that has only been counted so far. */
  flush(): void
}

/** Frames between two addresses that have been counted and not been reported yet. */
interface Channel {
  local: string
  peer: string
  messages: number
  bytes: number
  since: number
}

export function createStory(say: Say, server: string, reply: Reply): ServerStory {
  /** How many bytes of each frame do not go back. */
  const dropped = reply === 'frame' ? 0 : headerBytes
  const others = channelOf(server, 'other peers')
  const busy = new Set<Channel>()
  let framesLeft = framesPerWindow
  let windowTimer: NodeJS.Timeout | undefined
  let told = { opened: 0, closed: 0, troubles: 0 }
  let untold = { opened: 0, closed: new Map<string, number>(), troubles: new Map<string, number>() }
  let secondTimer: NodeJS.Timeout | undefined

  function count(channel: Channel, messages: number, bytes: number, since?: number): void {
    if (channel.messages === 0) {
      channel.since = since ?? now()
      busy.add(channel)
      windowTimer ??= setTimeout(endWindow, window)
    }
    channel.messages += messages
    channel.bytes += bytes
  }

  function tally(channel: Channel): void {
    const { local, peer, messages, bytes, since } = channel
    busy.delete(channel)
    channel.messages = 0
    channel.bytes = 0
    if (messages === 0) return
    const sum = { event: 'tally', messages, since } as const
    say({ ...sum, bytes, channel: `${peer} > ${local}`, direction: 'received' })
    const back = bytes - messages * dropped
    say({ ...sum, bytes: back, channel: `${local} > ${peer}`, direction: 'sent' })
  }

  function endWindow(): void {
    clearTimeout(windowTimer)
    windowTimer = undefined
    framesLeft = framesPerWindow
    if (busy.size > talliesPerWindow) for (const channel of busy) join(channel)
    for (const channel of busy) tally(channel)
  }

  /** Moves the unreported frames of a connection to the tally of the others. */
  function join(channel: Channel): void {
    if (channel === others) return
    busy.delete(channel)
    count(others, channel.messages, channel.bytes, channel.since)
    channel.messages = 0
    channel.bytes = 0
  }

  /** Whether one more of this kind may be reported in this second. */
  function mayTell(kind: keyof typeof told): boolean {
    secondTimer ??= setTimeout(endSecond, 1000)
    return ++told[kind] <= perSecond
  }

  function endSecond(): void {
    clearTimeout(secondTimer)
    secondTimer = undefined
    const { opened, closed, troubles } = untold
    told = { opened: 0, closed: 0, troubles: 0 }
    untold = { opened: 0, closed: new Map(), troubles: new Map() }
    const [ended, troubled] = [total(closed), total(troubles)]
    if (opened + ended + troubled === 0) return
    const ways = ended > 0 ? ` (${listed(closed)})` : ''
    const rest = troubled > 0 ? ` Further troubles: ${listed(troubles)}.` : ''
    const text = `Within a second, ${counted(opened, 'more connection')} opened and ${thousands(ended)} closed${ways}.${rest}`
    const role = troubled > 0 ? 'closing' : 'step'
    say({
      event: 'note',
      text,
      role,
      data: { opened, closed: ended, troubles: troubled, ...Object.fromEntries(closed) },
    })
  }

  function trouble(kind: string, text: string): void {
    // A tool shows notes of this role: the terminal of the server is where a person looks for the reason.
    if (mayTell('troubles')) say({ event: 'note', text, role: 'closing' })
    else countOne(untold.troubles, kind)
  }

  return {
    trouble,
    flush() {
      endWindow()
      endSecond()
    },
    opened(local, peer) {
      const id = `${local} to ${peer}`
      const alone = mayTell('opened')
      const channel = alone ? channelOf(local, peer) : others
      let frames = 0
      let bytes = 0
      let ended: Ending | undefined
      if (alone) say({ event: 'created', kind: 'socket', id })
      else untold.opened++
      return {
        frame(buffer, start, end) {
          const length = headerBytes + end - start
          const seq = frames++
          bytes += length
          if (!alone || framesLeft === 0) return count(channel, 1, length)
          framesLeft--
          windowTimer ??= setTimeout(endWindow, window)
          const text = textOf(buffer.subarray(start, end))
          const message = { seq, ...(text !== undefined && { text }) }
          const header = { including: 'header' } as const
          say({ event: 'received', channel: `${peer} > ${local}`, ...message, bytes: length, ...header })
          const back = { bytes: length - dropped, ...(dropped === 0 && header) }
          say({ event: 'sent', channel: `${local} > ${peer}`, ...message, ...back })
        },
        ends(ending, because) {
          if (ended) return
          ended = ending
          if (because) trouble(because.kind, because.text)
        },
        closed() {
          // Only a connection that was destroyed while the server stops has no ending.
          const ending = ended ?? { closedBy: 'server', how: 'stop' }
          if (!alone || !mayTell('closed')) {
            join(channel)
            countOne(untold.closed, ending.how)
            return
          }
          tally(channel)
          const text = `${sentence(ending, peer)} It sent ${counted(frames, 'complete frame')} (${counted(bytes, 'byte')}).`
          say({ event: 'note', text, data: { peer, frames, bytes, ...ending } })
          say({ event: 'removed', kind: 'socket', id })
        },
      }
    },
  }
}

/** Who closed a connection, and how, as a sentence. */
function sentence(ending: Ending, peer: string): string {
  switch (ending.how) {
    case 'FIN':
      return `${peer} closed the connection (FIN).`
    case 'reset':
      return `${peer} reset the connection.`
    case 'limit':
      return `The server closed the connection to ${peer} (limit: ${ending.limit}).`
    case 'stop':
      return `The server closed the connection to ${peer}, because it stops.`
    case 'error':
      return `The connection to ${peer} broke (${ending.errno}).`
  }
}

function channelOf(local: string, peer: string): Channel {
  return { local, peer, messages: 0, bytes: 0, since: 0 }
}

function countOne(counts: Map<string, number>, kind: string): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1)
}

function total(counts: Map<string, number>): number {
  return [...counts.values()].reduce((sum, times) => sum + times, 0)
}

function listed(counts: Map<string, number>): string {
  return [...counts].map(([kind, times]) => `${thousands(times)} x ${kind}`).join(', ')
}
