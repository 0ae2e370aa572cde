/** The part of events that programs read: ids and data. It does not change with the wording of a sentence. */
import type { Data, Event } from '../../src/events.js'
import type { EventOf } from '../../src/run/actor.js'

export function only<E extends Event['event']>(events: Event[], kind: E): EventOf<E>[] {
  return events.filter((event): event is EventOf<E> => event.event === kind)
}

/** The ids of the claims, in order; a claim made several times appears several times. */
export function claimIdsOf(events: Event[]): (string | undefined)[] {
  return only(events, 'claim').map(({ id }) => id)
}

/** The data of all evidence from a source, in order. */
export function dataFrom(events: Event[], source: string | RegExp): Data[] {
  const isMeant = (one: string) => (typeof source === 'string' ? one === source : source.test(one))
  return only(events, 'evidence').flatMap(({ source, data }) =>
    data !== undefined && isMeant(source) ? [data] : [],
  )
}
