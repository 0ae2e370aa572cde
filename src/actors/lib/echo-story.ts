/**
 * What a server tells of its connections. While they are few, each has a story of its own: how it came, its frames, its
 * troubles, how it went. When they are many, most are only summed up: seeing must not slow down what is seen. Nothing is
 * dropped: what has no event of its own is counted in a note or in a tally.
 */
import { now, type Say } from '../../events.js'
import { headerBytes } from '../../framing/header.js'
import { counted } from '../../text.js'
import { textOf } from './meter.js'

/** In a second so many connections open with a story of their own, so many stories end, and so many troubles are told. */
const perSecond = 20

/**
 * So many milliseconds are a window, in which so many frames have events, two for each, and so many connections a tally.
 */
const window = 100
const framesPerWindow = 50
const talliesPerWindow = 20

export interface ConnectionStory {
  /** A whole frame came and goes back: its body lies in the buffer from `start` up to `end`. */
  frame(buffer: Buffer, start: number, end: number): void
  /** Why it ends otherwise than by the will of both. The kind is what such troubles are summed up by. */
  trouble(kind: string, text: string): void
  closed(): void
}

export interface ServerStory {
  opened(local: string, peer: string): ConnectionStory
  /** A trouble of nobody who is connected. */
  trouble(kind: string, text: string): void
  /** Tells what has been counted and not been told. */
  flush(): void
}

/** Frames between two addresses that were counted and have not been told. */
interface Channel {
  local: string
  peer: string
  messages: number
  bytes: number
  since: number
}

export function createStory(say: Say, server: string): ServerStory {
  const others = channelOf(server, 'other peers')
  const busy = new Set<Channel>()
  let framesLeft = framesPerWindow
  let windowTimer: NodeJS.Timeout | undefined
  let told = { opened: 0, closed: 0, troubles: 0 }
  let untold = { opened: 0, closed: 0, troubles: new Map<string, number>() }
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
    const sum = { event: 'tally', messages, bytes, since } as const
    say({ ...sum, channel: `${peer} > ${local}`, direction: 'received' })
    say({ ...sum, channel: `${local} > ${peer}`, direction: 'sent' })
  }

  function endWindow(): void {
    clearTimeout(windowTimer)
    windowTimer = undefined
    framesLeft = framesPerWindow
    if (busy.size > talliesPerWindow) for (const channel of busy) join(channel)
    for (const channel of busy) tally(channel)
  }

  /** Counts what a connection has not told among the frames of the others. */
  function join(channel: Channel): void {
    if (channel === others) return
    busy.delete(channel)
    count(others, channel.messages, channel.bytes, channel.since)
    channel.messages = 0
    channel.bytes = 0
  }

  /** Whether one more of a kind may be told in this second. */
  function mayTell(kind: keyof typeof told): boolean {
    secondTimer ??= setTimeout(endSecond, 1000)
    return ++told[kind] <= perSecond
  }

  function endSecond(): void {
    clearTimeout(secondTimer)
    secondTimer = undefined
    const { opened, closed, troubles } = untold
    told = { opened: 0, closed: 0, troubles: 0 }
    untold = { opened: 0, closed: 0, troubles: new Map() }
    if (opened + closed + troubles.size === 0) return
    const rest = [...troubles].map(([kind, times]) => `; not told one by one: ${times} x ${kind}`).join('')
    const text = `${counted(opened, 'more connection')} opened and ${closed} closed within a second${rest}`
    const troubled = [...troubles.values()].reduce((sum, times) => sum + times, 0)
    say({ event: 'note', text, role: 'aside', data: { opened, closed, troubles: troubled } })
  }

  function trouble(kind: string, text: string): void {
    if (mayTell('troubles')) say({ event: 'note', text })
    else untold.troubles.set(kind, (untold.troubles.get(kind) ?? 0) + 1)
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
          const message = { seq, bytes: length, ...(text !== undefined && { text }) }
          say({ event: 'received', channel: `${peer} > ${local}`, ...message })
          say({ event: 'sent', channel: `${local} > ${peer}`, ...message })
        },
        trouble: (kind, text) => trouble(kind, `${peer} ${text}`),
        closed() {
          if (!alone || !mayTell('closed')) {
            join(channel)
            untold.closed++
            return
          }
          tally(channel)
          const text = `${peer} got ${counted(frames, 'frame')} back, ${counted(bytes, 'byte')} with headers`
          say({ event: 'note', text, data: { frames, bytes } })
          say({ event: 'removed', kind: 'socket', id })
        },
      }
    },
  }
}

function channelOf(local: string, peer: string): Channel {
  return { local, peer, messages: 0, bytes: 0, since: 0 }
}
