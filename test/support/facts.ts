/** What events say for programs: ids and data, which stay as they are when a sentence is worded anew. */
import type { Data, Event } from '../../src/events.js'
import type { EventOf } from '../../src/run/actor.js'

export function only<E extends Event['event']>(events: Event[], kind: E): EventOf<E>[] {
  return events.filter((event): event is EventOf<E> => event.event === kind)
}

/** The ids of the claims, in their order; a claim that is made several times is there several times. */
export function claimIdsOf(events: Event[]): (string | undefined)[] {
  return only(events, 'claim').map(({ id }) => id)
}

/** The data of all evidence from a source, in its order. */
export function dataFrom(events: Event[], source: string | RegExp): Data[] {
  const isMeant = (one: string) => (typeof source === 'string' ? one === source : source.test(one))
  return only(events, 'evidence').flatMap(({ source, data }) =>
    data !== undefined && isMeant(source) ? [data] : [],
  )
}
