/** The events of a traced run: what a view draws. There may be millions of calls, so only some of the events are kept. */
import { basename } from 'node:path'
import type { Event, Fact } from '../events.js'
import type { Delivery, Talk } from './conversation.js'
import type { Block, Hooks, Process, SignalSeen, Trace } from './model.js'
import { isInStartup, isOfStartup } from './startup.js'

/** At most this many calls, messages of one process to another, and signals become events. The others are only counted. */
const mostBlocks = 5000
const mostMessages = 200
const mostSignals = 1000

/** A longer text of a message is cut, in characters. */
const longestText = 60

interface Message extends Delivery {
  talk: Talk
  seq: number
}

export interface Recorder {
  hooks: Hooks
  /** @param clock turns the times of strace into those of events */
  events(trace: Trace, clock: (t: number) => number, keep?: (kept: Kept) => boolean): Event[]
}

/** What an event is about, for those who want only some. */
export interface Kept {
  kind: 'process' | 'signal' | 'call' | 'object'
  /** The object, where there is one. */
  thing?: Talk['thing'] | undefined
  call?: string
}

export function createRecorder(): Recorder {
  const blocks: Block[] = []
  const messages: Message[] = []
  const signals: SignalSeen[] = []
  const counts = new Map<Talk, { count: number; bytes: number; since: number; until: number }>()

  function message(talk: Talk, delivery: Delivery): void {
    const rest = counts.get(talk) ?? { count: 0, bytes: 0, since: delivery.sent, until: 0 }
    counts.set(talk, rest)
    const seq = rest.count++
    if (seq < mostMessages) messages.push({ talk, seq, ...delivery })
    if (seq === mostMessages) rest.since = delivery.sent
    if (seq >= mostMessages) rest.bytes += delivery.bytes
    rest.until = delivery.received
  }

  return {
    hooks: {
      onBlock: (block) => void (blocks.length < mostBlocks && blocks.push(block)),
      onSignal: (signal) => void (signals.length < mostSignals && signals.push(signal)),
      onMessage: message,
    },
    events(trace, clock, keep = () => true) {
      const made: Event[] = []
      const add = (by: Process | undefined, t: number, fact: Fact, tid = by?.pid) => {
        const pid = by?.pid ?? process.pid
        const actor = by ? nameOf(by) : 'osdemo'
        made.push({ v: 1, t: clock(t), pid, tid: tid ?? pid, actor, ...fact })
      }
      for (const one of trace.processes) {
        const about = { child: one.pid, name: nameOf(one), kind: 'process' } as const
        if (!one.wasRunning) add(one.parent, one.born, { event: 'started', ...about })
        if (one.end)
          add(one.parent, one.end.t, {
            event: 'exited',
            ...about,
            code: one.end.code,
            signal: one.end.signal,
          })
      }
      for (const thing of trace.things) {
        if (isOfStartup(thing) || !keep({ kind: 'object', thing })) continue
        const { kind, id, made: begin, removed: end } = thing
        if (begin) add(begin.by, begin.t, { event: 'created', kind, id })
        if (end) add(end.by, end.t, { event: 'removed', kind, id })
      }
      for (const block of [...blocks, ...trace.blocked]) {
        if (isInStartup(block.process, block.begin)) continue
        if (!keep({ kind: 'call', thing: block.thing, call: block.call })) continue
        const about = { event: 'call', call: block.call, object: block.object } as const
        add(block.process, block.begin, { ...about, phase: 'begin', waits: true }, block.tid)
        if (block.end === undefined) continue
        const { result, errno } = block
        const outcome = errno !== undefined ? { errno } : result !== undefined && { result }
        add(block.process, block.end, { ...about, phase: 'end', ...outcome }, block.tid)
      }
      for (const { talk, seq, sent, received, bytes, text } of messages) {
        if (isOfStartup(talk.thing) || !keep({ kind: 'object', thing: talk.thing })) continue
        const about = { channel: channelOf(talk, trace.talks), seq, bytes, ...shown(text, bytes) }
        add(talk.from, sent, { event: 'sent', ...about })
        add(talk.to, Math.max(sent, received), { event: 'received', ...about })
      }
      for (const [talk, { count, bytes, since, until }] of counts) {
        if (count <= mostMessages || isOfStartup(talk.thing) || !keep({ kind: 'object', thing: talk.thing }))
          continue
        const rest = { event: 'tally', messages: count - mostMessages, bytes, since: clock(since) } as const
        const channel = channelOf(talk, trace.talks)
        add(talk.from, until, { ...rest, channel, direction: 'sent' })
        add(talk.to, until, { ...rest, channel, direction: 'received' })
      }
      for (const { t, signal, from, to } of signals) {
        if (keep({ kind: 'signal' }))
          add(from, t, { event: 'signal', signal, from: from.pid, to: to.pid, name: nameOf(to) })
      }
      return made.sort((one, other) => one.t - other.t)
    },
  }
}

/** The name of the last program that a process executed. */
export function nameOf({ command: [program = ''] }: Process): string {
  return basename(program) || 'process'
}

/** Its name and pid. */
export function named(process: Process): string {
  return `${nameOf(process)} (${process.pid})`
}

/** Each pair of processes numbers its messages, so with several pairs each has a channel of its own. */
function channelOf({ thing, from, to }: Talk, talks: Talk[]): string {
  const isOnly = talks.every((each) => each.thing !== thing || (each.from === from && each.to === to))
  // As `created` names it, so that a view can tell that the channel is that object.
  if (isOnly && (thing.kind === 'fifo' || thing.kind === 'queue')) return thing.id
  return isOnly ? thing.label : `${thing.label}: ${from.pid} to ${to.pid}`
}

/** The text of a message, where it is text. The newline at its end is not shown. */
export function shown(text: string, bytes: number): { text?: string; including?: 'newline' } {
  const isWhole = Buffer.byteLength(text) === bytes
  const line = isWhole && text.endsWith('\n') && text.length > 1 ? text.slice(0, -1) : text
  // Control characters, and what is no UTF-8.
  if (line === '' || /[\p{Cc}\ufffd]/u.test(line.replaceAll('\n', ' '))) return {}
  const isShort = isWhole && line.length <= longestText
  const cut = isShort ? line : `${line.slice(0, longestText)}…`
  return { text: cut, ...(line !== text && { including: 'newline' as const }) }
}
