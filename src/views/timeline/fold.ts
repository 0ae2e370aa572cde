/** Many messages of one direction, summed up: the first are shown one by one, the others as one line when something else happens. */
import type { Event, MessageFact } from '../../events.js'
import { counted, sumOf } from '../../text.js'

/** Messages of each direction of a channel that are shown one by one. */
const mostSingle = 3

type Message = Event & MessageFact

export interface Folded {
  /** The last of them; its time and its actor stand for all. */
  last: Message
  /** Missing where there is only one, which is shown as it is. */
  text?: string
}

export function createFold() {
  /** Messages so far, by who sends or receives them. */
  const counts = new Map<string, number>()
  let kept = new Map<string, { first: Message; last: Message; count: number; bytes: number }>()
  return {
    /** Keeps a message for later. @returns false where it is to be shown now */
    keep(event: Message): boolean {
      // The depth of a queue before and after is what such a message shows.
      if (event.depth) return false
      const key = `${event.tid} ${event.event} ${event.channel} ${event.type ?? ''}`
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      if (count <= mostSingle) return false
      const { first, ...more } = kept.get(key) ?? { first: event, count: 0, bytes: 0 }
      kept.set(key, { first, last: event, count: more.count + 1, bytes: sumOf(more.bytes, event.bytes) })
      return true
    },

    /** What was kept, in the order in which it began. */
    take(): Folded[] {
      const runs = [...kept.values()]
      kept = new Map()
      return runs.map(({ first, last, count, bytes }) => {
        if (count === 1) return { last }
        const name = ({ text, seq }: Message) => text ?? `message ${seq}`
        const size = `${counted(count, 'message')}, ${counted(bytes, 'byte')}`
        return { last, text: `${name(first)} to ${name(last)} (${size})` }
      })
    },
  }
}
