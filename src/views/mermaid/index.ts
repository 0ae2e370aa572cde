/**
 * Diagrams for Mermaid, which GitHub and GitLab draw. The states of a process are a state diagram. Every other run is a
 * sequence diagram: participants that come and go, messages as arrows, lost ones crossed, blocking as activation,
 * evidence as notes.
 *
 * A diagram of more steps than fit on a screen teaches nothing, and Mermaid refuses one of more than 50,000 characters.
 * So only the first steps of each kind are drawn, and a note counts the others.
 */

import { counted } from '../../text.js'
import type { Held, Step, Story } from '../story/index.js'
import type { Arrow } from '../story/messages.js'
import { createDiagram, type Diagram } from './diagram.js'
import { drawStates } from './states.js'

/** The most arrows and notes, without the last note, which counts the others. */
const mostSteps = 59

/** Mermaid's default limit (`maxTextSize`), minus room for a last line. */
const longest = 49_500

/** How many steps of each kind are drawn: the first of these pairs with which the diagram fits. */
const limits = [
  { most: 20, mostMinor: 20 },
  { most: 20, mostMinor: 4 },
  { most: 20, mostMinor: 1 },
  { most: 20, mostMinor: 0 },
  { most: 8, mostMinor: 0 },
  { most: 4, mostMinor: 0 },
  { most: 2, mostMinor: 0 },
  { most: 1, mostMinor: 0 },
]
type Limit = (typeof limits)[number]

/** The most kinds of steps that the last note names. */
const mostKinds = 6

/** A call that blocks for a shorter time, in microseconds, and then succeeds, is not drawn. */
const notable = 1000

export function drawMermaid(story: Story): string {
  return drawStates(story) ?? drawSequence(story)
}

function drawSequence(story: Story): string {
  for (const limit of limits) {
    const diagram = draw(story, limit)
    if (diagram.steps <= mostSteps + 1 && diagram.length <= longest) return diagram.text()
  }
  // Even one step of each kind is too much: the diagram is cut off.
  return draw(story, { most: 1, mostMinor: 0 }, true).text()
}

/** @param cut whether the steps beyond the most are only counted */
function draw(story: Story, limit: Limit, cut = false): Diagram {
  const diagram = createDiagram(story)
  const fold = createFold(limit)
  for (const step of story.steps) {
    if (isShort(step) || isRow(step)) continue
    if (step.event.event === 'run') fold.reset()
    if (step.arrow && !diagram.isDue(step, step.arrow)) continue
    // A participant that starts or exits takes two steps: one of its parent and one of its own.
    if (cut && (diagram.steps >= mostSteps - 1 || diagram.length > longest)) fold.hide(step)
    else if (!fold.hides(step)) diagram.draw(step)
  }
  const rest = fold.rest(diagram.left)
  if (rest) diagram.note(rest)
  return diagram
}

/** Whether a call did not have to wait, or hardly. Its message is enough. */
function isShort({ event, held }: Step): boolean {
  if (event.event !== 'call') return false
  const { last, begin, end } = held ?? {}
  if (last?.errno || event.errno) return false
  if (event.waits === false || held?.first.waits === false) return true
  return last !== undefined && (end ?? 0) - (begin ?? 0) < notable
}

/** Whether it is a row of a table, which a sequence of steps has no place for. */
function isRow({ event }: Step): boolean {
  return event.event === 'note' && event.row !== undefined
}

/** Counts the steps of each kind, and hides those above the limit. */
function createFold({ most, mostMinor }: Limit) {
  const counts = new Map<string, number>()
  /** Calls and messages that are drawn or not, with their beginning and their end. */
  const [shown, hidden] = [new Set<Held | Arrow>(), new Set<Held | Arrow>()]
  const folded = new Map<string, number>()

  function hide(step: Step): void {
    const whole = step.held ?? step.arrow
    if (whole && hidden.has(whole)) return
    if (whole) hidden.add(whole)
    const kind = kindOf(step) ?? step.event.event
    folded.set(kind, (folded.get(kind) ?? 0) + 1)
  }

  return {
    hide,
    hides(step: Step): boolean {
      const kind = kindOf(step)
      if (kind === undefined) return false
      const whole = step.held ?? step.arrow
      if (whole && (shown.has(whole) || hidden.has(whole))) return hidden.has(whole)
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      if (count > (isMinor(step) ? mostMinor : most)) hide(step)
      else if (whole) shown.add(whole)
      return count > (isMinor(step) ? mostMinor : most)
    },
    /**
     * Describes what was hidden; empty where nothing was.
     *
     * @param left how many processes are not in the diagram
     */
    rest(left: number): string {
      const kinds = [...folded].sort(([, one], [, other]) => other - one)
      const parts = kinds.slice(0, mostKinds).map(([kind, count]) => `${counted(count, 'time')} ${kind}`)
      const others = kinds.slice(mostKinds).reduce((sum, [, count]) => sum + count, 0)
      if (others > 0) parts.push(counted(others, 'other step'))
      if (left > 0) parts.push(counted(left, 'other process', 'other processes'))
      return parts.length > 0 ? `… and ${parts.join('; ')}` : ''
    },
    reset: () => counts.clear(),
  }
}

/** Steps that explain the others, and are left out first. */
function isMinor({ event }: Step): boolean {
  return ['evidence', 'note', 'state', 'created', 'removed', 'run'].includes(event.event)
}

/** Steps with the same description are counted together; undefined for a step that is never hidden. */
function kindOf({ event, lane, about = lane, arrow }: Step): string | undefined {
  switch (event.event) {
    case 'call':
      return `${event.call} by ${lane.name}`
    case 'sent':
    case 'received':
      return `a message from ${arrow?.from?.lane.name ?? 'elsewhere'} to ${arrow?.to?.lane.name ?? 'elsewhere'}`
    case 'tally':
      return `many messages ${event.direction} by ${lane.name}`
    case 'state':
      return `${about.name || about.tid} was ${event.state}`
    case 'evidence':
      // The last part of a path names what was read: `status`, `smaps`.
      return `evidence from ${event.source.slice(event.source.lastIndexOf('/') + 1)} of ${about.name}`
    case 'claim':
      return event.holds ? `claimed ${event.id ?? 'something'}` : undefined
    case 'note':
      return `a note by ${lane.name}`
    case 'signal':
      return `${event.signal} to ${about.name || about.tid}`
    case 'created':
    case 'removed':
      return `${event.event} a ${event.kind}`
    default:
      return undefined
  }
}
