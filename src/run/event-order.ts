/**
 * Puts the events of several processes in the order of their clock. They arrive over one socket per process, and which
 * socket the event loop reads first is chance: without this, a message may be shown as received before it was sent.
 */
import { type Event, now } from '../events.js'

/** How long an event is held back for an earlier one that may still arrive, in milliseconds. */
const holdBack = 20

export interface Sequencer {
  push(event: Event): void
  /** An actor has started. While there is only one, there is nothing to put in order, and every event comes out at once. */
  actorStarted(): void
  /**
   * Holds all events from now on until the returned function is called: for actors that report afterwards what they saw,
   * with the times when they saw it. Holds may overlap; events come out when the last hold that covers them is released.
   */
  hold(): () => void
  /** Emits everything that is still held, in order. Later events are dropped. */
  close(): void
}

export function createSequencer(emit: (event: Event) => void): Sequencer {
  const held: Event[] = []
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let ordering = false
  let actors = 0
  /** When each hold began, oldest first. */
  const holds: { since: number }[] = []

  function release(before: number): void {
    const heldSince = holds[0]?.since ?? Number.POSITIVE_INFINITY
    for (let [first] = held; first && first.t <= before && first.t < heldSince; [first] = held) {
      held.shift()
      emit(first)
    }
  }

  function tick(): void {
    timer = undefined
    release(now() - holdBack * 1000)
    if (held.length > 0) timer = setTimeout(tick, holdBack)
  }

  return {
    push(event) {
      if (closed) return
      if (!ordering) return emit(event)
      // Nearly sorted already: from the back it is one or two steps. Equal times keep the order of arrival.
      let at = held.length
      // `at` counts down from the length.
      while (at > 0 && held[at - 1]!.t > event.t) at--
      held.splice(at, 0, event)
      timer ??= setTimeout(tick, holdBack)
    },
    actorStarted() {
      if (++actors === 2) ordering = true
    },
    hold() {
      ordering = true
      const hold = { since: now() }
      holds.push(hold)
      return () => {
        const index = holds.indexOf(hold)
        if (index >= 0) holds.splice(index, 1)
      }
    },
    close() {
      closed = true
      clearTimeout(timer)
      holds.length = 0
      release(Number.POSITIVE_INFINITY)
    },
  }
}
