/**
 * A sequence diagram for Mermaid, which GitHub and GitLab draw: participants that come and go, messages as arrows,
 * lost ones crossed, blocking as activation, evidence as notes.
 *
 * Mermaid refuses a diagram of more than 50,000 characters. So only the first steps of each kind are drawn, as many
 * as fit, and a note counts the others.
 */

import { counted } from '../../text.js'
import type { Held, Step, Story } from '../story/index.js'
import type { Arrow } from '../story/messages.js'
import { createDiagram, type Diagram } from './diagram.js'

/** Mermaid's default limit (`maxTextSize`), minus room for a last line. */
const longest = 49_500

/** How many steps of each kind are drawn: the first of these numbers with which the diagram fits. */
const limits = [20, 8, 4, 2, 1]

export function drawSequence(story: Story): string {
  for (const limit of limits) {
    const text = draw(story, limit).text()
    if (text.length <= longest) return text
  }
  // Even one step of each kind is too much: the diagram is cut off.
  return draw(story, 1, longest).text()
}

/**
 * @param limit how many steps of each kind are drawn
 * @param room how many characters it may have; when they are used up, a note says so and the diagram ends
 */
function draw(story: Story, limit: number, room = Number.POSITIVE_INFINITY): Diagram {
  const diagram = createDiagram(story)
  const fold = createFold(limit)
  const tellFolded = () => {
    for (const text of fold.take()) diagram.note(text)
  }
  for (const step of story.steps) {
    if (diagram.length > room) {
      diagram.note('The diagram ends here. Mermaid cannot draw a longer one.')
      return diagram
    }
    if (step.event.event === 'run') fold.reset()
    if (step.arrow && !diagram.isDue(step, step.arrow)) continue
    if (fold.hides(step)) continue
    tellFolded()
    diagram.draw(step)
  }
  tellFolded()
  return diagram
}

/** Counts the steps of each kind, and hides those above the limit. */
function createFold(limit: number) {
  const counts = new Map<string, number>()
  const hidden = new Set<Held | Arrow>()
  let folded = new Map<string, number>()
  return {
    hides(step: Step): boolean {
      const { held, arrow } = step
      const kind = kindOf(step)
      if (kind === undefined) return false
      // The end of a call is hidden when its beginning is. The same holds for the two ends of a message.
      if (held && held.first !== step.event) return hidden.has(held)
      if (arrow && hidden.has(arrow)) return true
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      if (count <= limit) return false
      folded.set(kind, (folded.get(kind) ?? 0) + 1)
      const whole = held ?? arrow
      if (whole) hidden.add(whole)
      return true
    },
    /** Describes what was hidden since the last call of this function. */
    take(): string[] {
      if (folded.size === 0) return []
      const parts = [...folded].map(([kind, count]) => `${counted(count, 'time')} ${kind}`)
      folded = new Map()
      return [`… and ${parts.join('; ')}`]
    },
    reset: () => counts.clear(),
  }
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
