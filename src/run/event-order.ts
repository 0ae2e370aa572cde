/**
 * Puts the events of several processes in the order of their times. Each process has a line of its own, and the event loop may
 * read any of them first: without this, a message could be shown as received before it is shown as sent.
 */
import { type Event, now } from '../events.js'

/** How long an event waits for earlier ones that may still arrive, in milliseconds. */
const holdBack = 20

export interface Sequencer {
  push(event: Event): void
  /** An actor has started. With only one, nothing can be out of order, and every event is emitted at once. */
  actorStarted(): void
  /**
   * Holds all events from now on until the returned function is called. It is for actors that report events later, with the
   * times of the events. Holds may overlap: an event is emitted when the last hold that covers it is released.
   */
  hold(): () => void
  /** Emits an event that must not wait for the end of a hold. During one, its time is the last before the hold. */
  pushNow(event: Event): void
  /** Emits all events that are still held, in order. Later ones are dropped. */
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
    const before = now() - holdBack * 1000
    // When the machine is busy, this process may come here late, and events that arrived long ago are still unread. An
    // immediate runs after the event loop has read them.
    setImmediate(() => {
      release(before)
      timer = held.length > 0 ? setTimeout(tick, holdBack) : undefined
    })
  }

  function push(event: Event): void {
    if (closed) return
    if (!ordering) {
      emit(event)
      return
    }
    // The list is nearly sorted, so the search from its end takes a step or two. Equal times keep their order of arrival.
    let at = held.length
    // 0 < at <= length, so there is an element before `at`.
    while (at > 0 && held[at - 1]!.t > event.t) at--
    held.splice(at, 0, event)
    timer ??= setTimeout(tick, holdBack)
  }

  return {
    push,
    pushNow(event) {
      const before = (holds[0]?.since ?? Number.POSITIVE_INFINITY) - 1
      push({ ...event, t: Math.min(event.t, before) })
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
