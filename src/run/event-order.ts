/**
 * Puts the events of several processes in the order of their clock. They arrive over one socket per process, and which
 * socket the event loop reads first is chance: without this, a message may be shown as received before it was sent.
 */
import { type Event, now } from '../events.js'

/** How long an event is held back for an earlier one that may still arrive, in milliseconds. */
const holdBack = 20

export interface Sequencer {
  push(event: Event): void
  /** From now on several speak. Before, there is nothing to put in order, and every event comes out at once. */
  severalSpeak(): void
  /**
   * What happens from now on is held until the returned function is called: for actors that tell afterwards what they saw,
   * with the times when they saw it.
   */
  hold(): () => void
  /** Lets everything out that is still held, in order; what comes afterwards comes too late and is dropped. */
  close(): void
}

export function createSequencer(emit: (event: Event) => void): Sequencer {
  const held: Event[] = []
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let holding = false
  /** Since when everything is held, where that is so. */
  let heldSince = Number.POSITIVE_INFINITY

  function release(before: number): void {
    while (held.length > 0 && held[0]!.t <= before && held[0]!.t < heldSince) emit(held.shift()!)
  }

  function tick(): void {
    timer = undefined
    release(now() - holdBack * 1000)
    if (held.length > 0) timer = setTimeout(tick, holdBack)
  }

  return {
    push(event) {
      if (closed) return
      if (!holding) return emit(event)
      // Nearly sorted already: from the back it is one or two steps. Equal times keep the order of arrival.
      let at = held.length
      while (at > 0 && held[at - 1]!.t > event.t) at--
      held.splice(at, 0, event)
      timer ??= setTimeout(tick, holdBack)
    },
    severalSpeak() {
      holding = true
    },
    hold() {
      holding = true
      heldSince = now()
      return () => {
        heldSince = Number.POSITIVE_INFINITY
      }
    },
    close() {
      closed = true
      clearTimeout(timer)
      heldSince = Number.POSITIVE_INFINITY
      release(Number.POSITIVE_INFINITY)
    },
  }
}
