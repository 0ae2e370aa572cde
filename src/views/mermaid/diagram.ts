/**
 * The lines of a sequence diagram, in an order that Mermaid accepts: it refuses a message to a participant that does
 * not exist, and an unbalanced activation.
 */

import { describe, subject, versions } from '../describe-event.js'
import type { Lane, Step, Story } from '../story/index.js'
import type { Arrow } from '../story/messages.js'
import { escapeText, label } from './text.js'

export interface Diagram {
  draw(step: Step): void
  note(text: string): void
  /** An arrow is drawn at one of its two ends: the earlier one, or the later one when the other side does not exist yet. */
  isDue(step: Step, arrow: Arrow): boolean
  /** Characters so far. */
  readonly length: number
  text(): string
}

export function createDiagram({ lanes, runs }: Story): Diagram {
  const lines: string[] = []
  /** A lane whose start is not recorded is present from the beginning, and so is the first lane. */
  const roots = lanes.filter((lane) => lane.index === 0 || !lane.parent)
  const present = new Set(roots)
  const gone = new Set<Lane>()
  const active = new Map<Lane, number>()
  const [drawn, seen] = [new Set<Arrow>(), new Set<Arrow>()]
  let elsewhere = false
  const head = roots.map((lane) => `  participant ${id(lane)} as ${nameOf(lane)}`)
  let length = head.join('\n').length

  const add = (line: string) => {
    lines.push(`  ${line}`)
    length += line.length + 3
  }
  /** A participant that is present: the lane itself, its nearest ancestor that is, or else the first one. */
  const stand = (lane: Lane | undefined): string => {
    for (let one = lane, steps = 0; one && steps < lanes.length; one = one.parent, steps++) {
      if (present.has(one)) return id(one)
    }
    return id([...present][0]!) // `leave` never removes the last one.
  }
  const note = (text: string, lane?: Lane) => add(`Note over ${stand(lane)}: ${label(text)}`)

  function appear(lane: Lane): void {
    if (present.has(lane) || gone.has(lane)) return
    add(`create participant ${id(lane)} as ${nameOf(lane)}`)
    add(`${stand(lane.parent)}->>${id(lane)}: starts`)
    present.add(lane)
  }

  function leave(lane: Lane, text: string): void {
    if (!present.has(lane) || present.size === 1) {
      note(text, lane)
      return
    }
    for (let count = active.get(lane) ?? 0; count > 0; count--) add(`deactivate ${id(lane)}`)
    active.delete(lane)
    present.delete(lane)
    gone.add(lane)
    add(`destroy ${id(lane)}`)
    add(`${id(lane)}-->>${stand(lane.parent)}: ${label(text)}`)
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

  function message(step: Step, arrow: Arrow): void {
    const [from, to] = [arrow.from?.lane, arrow.to?.lane ?? arrow.toward]
    const text = describe({ ...step.event, ...arrow.message })
    if ((from && !present.has(from)) || (to && !present.has(to))) {
      note(`${step.event.event} ${text}`, step.lane)
      return
    }
    drawn.add(arrow)
    elsewhere ||= !from || !to
    const sign = arrow.fate === 'lost' ? '-x' : '->>'
    const lost = arrow.fate === 'lost' ? ', not received' : ''
    add(`${from ? id(from) : 'other'}${sign}${to ? id(to) : 'other'}: ${label(text + lost)}`)
  }

  /** A signal is sent without waiting for the receiver, so its arrow is the one of an asynchronous message. */
  function signal(step: Step, to: Lane): void {
    const { event, lane } = step
    const isArrow = event.event === 'signal' && lane !== to && present.has(lane) && present.has(to)
    if (isArrow) add(`${id(lane)}-)${id(to)}: ${label(event.signal)}`)
    else note(describe(event), lane)
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
          return message(step, arrow!) // Every message of a story has an arrow.
        case 'tally':
          return note(`${event.direction} ${describe(event)}`, lane)
        case 'claim':
          return note(`${event.holds ? '✔' : '✘ claim failed:'} ${event.text}`, lane)
        case 'error':
          return note(`✘ ${describe(event)}`, lane)
        default:
          return note(describe(event), about)
      }
    },
    note,
    isDue(step, arrow) {
      const other = step.event.event === 'sent' ? arrow.to : arrow.from
      if (drawn.has(arrow)) return false
      if (!other || seen.has(arrow)) return true
      seen.add(arrow)
      const waits = !step.lane.end || step.lane.end.t > other.t
      return present.has(other.lane) || !waits
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

const id = ({ index }: Lane) => `p${index}`

const nameOf = ({ name, tid }: Lane) => escapeText(`${name || 'process'} ${tid}`).replaceAll(':', '#58;')
