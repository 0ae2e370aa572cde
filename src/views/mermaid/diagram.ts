/**
 * The lines of a sequence diagram, in an order that Mermaid accepts: it refuses a message to a participant that does
 * not exist, and an unbalanced activation.
 */

import type { Event, MessageFact, TallyFact } from '../../events.js'
import { describe, subject, versions } from '../describe-event.js'
import type { Lane, Step, Story } from '../story/index.js'
import type { Arrow } from '../story/messages.js'
import { type Channel, participantsOf } from './participants.js'
import { escapeText, label } from './text.js'

export interface Diagram {
  draw(step: Step): void
  note(text: string): void
  /** How many processes are no participants, because there is no room. */
  readonly left: number
  /** Whether this end of a message is drawn: both where a channel holds it, or else one of them. */
  isDue(step: Step, arrow: Arrow): boolean
  /** Arrows and notes so far. */
  readonly steps: number
  /** Characters so far. */
  readonly length: number
  text(): string
}

export function createDiagram(story: Story): Diagram {
  const { runs } = story
  const { lanes, channels, order, left } = participantsOf(story)
  const lines: string[] = []
  /** Those that no participant starts are present from the beginning to the end. */
  const roots = order.filter((one, at) => at === 0 || !isLane(one) || !one.parent || !lanes.has(one.parent))
  const present = new Set<Lane>(roots.filter(isLane))
  const gone = new Set<Lane>()
  const active = new Map<Lane, number>()
  const [drawn, seen] = [new Set<Arrow>(), new Set<Arrow>()]
  let elsewhere = false
  const head = roots.map((one) => `  participant ${id(one)} as ${nameOf(one)}`)
  const [first, last] = [roots[0], roots.at(-1)]
  const all = first && last && first !== last ? `${id(first)},${id(last)}` : first ? id(first) : 'other'
  elsewhere = !first
  let length = head.join('\n').length
  let steps = 0

  const add = (line: string) => {
    lines.push(`  ${line}`)
    length += line.length + 3
  }
  const arrow = (from: string, sign: string, to: string, text: string) => {
    steps++
    add(`${from}${sign}${to}: ${label(text)}`)
  }
  /** A participant that is present: the lane itself, or its nearest ancestor that is. */
  const stand = (lane: Lane | undefined): string | undefined => {
    for (let one = lane, count = 0; one && count < story.lanes.length; one = one.parent, count++) {
      if (present.has(one)) return id(one)
    }
    return undefined
  }
  /** Over all participants, where none of them is the speaker: then it comes from a supervisor that only reports. */
  const note = (text: string, lane?: Lane) => {
    steps++
    add(`Note over ${stand(lane) ?? all}: ${label(text)}`)
  }

  function appear(lane: Lane): void {
    if (!lanes.has(lane) || present.has(lane) || gone.has(lane)) return
    const parent = stand(lane.parent) ?? stand([...present][0]) ?? 'other'
    add(`create participant ${id(lane)} as ${nameOf(lane)}`)
    arrow(parent, '->>', id(lane), 'starts')
    present.add(lane)
  }

  function leave(lane: Lane, text: string): void {
    if (!present.has(lane) || roots.includes(lane)) {
      note(present.has(lane) ? text : `${lane.name || lane.tid} ${text}`, lane)
      return
    }
    for (let count = active.get(lane) ?? 0; count > 0; count--) add(`deactivate ${id(lane)}`)
    active.delete(lane)
    present.delete(lane)
    gone.add(lane)
    add(`destroy ${id(lane)}`)
    arrow(id(lane), '-->>', stand(lane.parent) ?? stand([...present][0]) ?? 'other', text)
  }

  function call({ event, lane, held }: Step): void {
    const begins = held?.first === event
    const text = describe(event, undefined, begins || !held ? undefined : event.t - held.begin)
    const count = active.get(lane) ?? 0
    if (begins && present.has(lane)) {
      add(`activate ${id(lane)}`)
      active.set(lane, count + 1)
    }
    note(text, lane)
    if (held && !begins && count > 0) {
      add(`deactivate ${id(lane)}`)
      active.set(lane, count - 1)
    }
  }

  function message(step: Step, sent: Arrow): void {
    const [from, to] = [sent.from?.lane, sent.to?.lane ?? sent.toward]
    const text = describe({ ...step.event, ...sent.message })
    if ((from && !present.has(from)) || (to && !present.has(to))) {
      note(`${step.event.event} ${text}`, step.lane)
      return
    }
    drawn.add(sent)
    elsewhere ||= !from || !to
    const lost = sent.fate === 'lost'
    const [source, target] = [from ? id(from) : 'other', to ? id(to) : 'other']
    arrow(source, lost ? '-x' : '->>', target, `${text}${lost ? ', not received' : ''}`)
  }

  /** One end of a message, or of many, in a channel that holds it until it is received. */
  function throughChannel(
    { event, lane, arrow: message }: Step & { event: Event & (MessageFact | TallyFact) },
    channel: Channel,
  ): void {
    if (!present.has(lane)) {
      note(`${event.event} ${describe(event)}`, lane)
      return
    }
    const isSent = event.event === 'sent' || (event.event === 'tally' && event.direction === 'sent')
    const left = isSent && message?.fate === 'lost' ? ', not received' : ''
    const depth = event.event === 'tally' ? undefined : event.depth
    const limit = depth?.capacity === undefined ? '' : ` of ${depth.capacity}`
    const held = depth ? `, then ${depth.after}${limit} in it` : ''
    const [from, to] = isSent ? [id(lane), id(channel)] : [id(channel), id(lane)]
    arrow(from, isSent ? '->>' : '-->>', to, describe(event) + held + left)
  }

  /** A signal is sent without waiting for the receiver, so its arrow is the one of an asynchronous message. */
  function signal(step: Step, to: Lane): void {
    const { event, lane } = step
    const isArrow = event.event === 'signal' && lane !== to && present.has(lane) && present.has(to)
    if (isArrow) arrow(id(lane), '-)', id(to), event.signal)
    else note(describe(event), present.has(lane) ? lane : to)
  }

  return {
    draw(step) {
      const { event, lane, about = lane, arrow } = step
      appear(lane)
      switch (event.event) {
        case 'run':
          return note(`${event === runs[0] ? '' : `${describe(event)}, `}${versions(event)}`, lane)
        case 'started':
          return appear(about)
        case 'exited':
          appear(about)
          return leave(about, describe(event))
        case 'signal':
          return signal(step, about)
        case 'call':
          return call(step)
        case 'sent':
        case 'received':
        case 'tally': {
          const channel = channels.get(event.channel)
          if (channel) return throughChannel({ ...step, event }, channel)
          if (arrow) return message(step, arrow)
          return note(
            event.event === 'tally' ? `${event.direction} ${describe(event)}` : describe(event),
            lane,
          )
        }
        case 'claim':
          return note(`${event.holds ? '✔' : '✘ claim failed:'} ${event.text}`, lane)
        case 'finding':
          return note(`${event.certain ? '✘' : '?'} ${describe(event)}`, lane)
        case 'error':
          return note(`✘ ${describe(event)}`, lane)
        default:
          return note(describe(event), about)
      }
    },
    note,
    left,
    isDue(step, arrow) {
      const other = step.event.event === 'sent' ? arrow.to : arrow.from
      if (channels.has(arrow.channel)) return true
      if (drawn.has(arrow)) return false
      // One arrow for both ends, at the earlier one, or at the later one when the other side does not exist yet.
      if (!other || seen.has(arrow)) return true
      seen.add(arrow)
      const waits = !step.lane.end || step.lane.end.t > other.t
      return present.has(other.lane) || !waits
    },
    get steps() {
      return steps
    },
    get length() {
      return length
    },
    text() {
      const other = elsewhere ? ['  participant other as not in this recording'] : []
      const name = runs[0] && `  title: ${escapeText(subject(runs[0].command))}`
      return `${['sequenceDiagram', ...(name ? [name] : []), ...head, ...other, ...lines].join('\n')}\n`
    },
  }
}

/** The most characters of the name of a process. A recording may contain any name. */
const longestName = 40

function isLane(one: Lane | Channel): one is Lane {
  return 'tid' in one
}

const id = (one: Lane | Channel) => `${isLane(one) ? 'p' : 'c'}${one.index}`

function nameOf(one: Lane | Channel): string {
  const name = isLane(one) ? `${(one.name || 'process').slice(0, longestName)} ${one.tid}` : one.name
  return escapeText(name.slice(-2 * longestName)).replaceAll(':', '#58;')
}
