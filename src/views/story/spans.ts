/** The spans of a story: calls that blocked, and states. */
import type { CallFact, Event, StateFact } from '../../events.js'
import type { Held, Lane, Stay } from './index.js'

/** Matches the return of a call with its beginning, by caller and name. */
export function createCalls(end: number) {
  const holds: Held[] = []
  const open = new Map<string, Held>()
  return {
    take(event: Event & CallFact, lane: Lane): Held | undefined {
      const key = `${lane.index} ${event.call}`
      if (event.phase === 'begin') {
        const held: Held = { lane, begin: event.t, end, first: event }
        holds.push(held)
        open.set(key, held)
        return held
      }
      const held = open.get(key)
      open.delete(key)
      return held && Object.assign(held, { end: event.t, last: event })
    },
    /** A call ends at the latest when its caller exits. */
    holds(): Held[] {
      for (const held of holds) {
        const gone = held.lane.end?.t ?? held.lane.gone
        if (!held.last && gone !== undefined) held.end = Math.max(held.begin, gone)
      }
      return holds
    },
  }
}

/**
 * A state lasts until the next one. The last state of each process lasts until the last state event of the story:
 * later ones may be missing.
 */
export function createStates(end: number) {
  const stays: Stay[] = []
  const last = new Map<Lane, Stay>()
  let latest = Number.NEGATIVE_INFINITY
  const current = new Map<Lane, Stay>()
  function close(lane: Lane, t: number): void {
    const stay = current.get(lane)
    if (stay) stay.to = t
    current.delete(lane)
  }
  return {
    change(lane: Lane, { t, state, source }: Event & StateFact): void {
      latest = t
      // The same state reported again begins no new stay.
      if (current.get(lane)?.state === state) return
      close(lane, t)
      const stay: Stay = { lane, state, from: t, to: end, source }
      stays.push(stay)
      last.set(lane, stay)
      if (state === 'gone') {
        stay.to = t
        lane.gone = t
      } else current.set(lane, stay)
    },
    end: close,
    stays(): Stay[] {
      for (const stay of last.values()) stay.to = Math.max(stay.from, Math.min(stay.to, latest))
      return stays
    },
  }
}
