/** Which process unblocked a call, where the log proves it: exactly one did, between its beginning and its return, what it waited for. */
import type { Block, Process } from './model.js'
import type { Thing } from './objects.js'

export type Wakers = ReturnType<typeof createWakers>

interface Place {
  /** The last ones. */
  wakes: { by: Process; t: number }[]
  /** Blocks of which the reason may follow: strace may report a call after the one that it unblocked. */
  waiting: Block[]
}

const most = 8

/** The call was unblocked by this process. */
export function unblocked(block: Block, by: Process): void {
  if (block.by) return
  block.by = by
  block.wait?.by.add(by)
}

export function createWakers() {
  const places = new WeakMap<Thing, Map<string, Place>>()

  function at(thing: Thing, name: string): Place {
    const ofThing = places.get(thing) ?? new Map<string, Place>()
    places.set(thing, ofThing)
    const place = ofThing.get(name) ?? { wakes: [], waiting: [] }
    // A segment may contain very many futexes. Only some are followed.
    if (ofThing.size < 1000) ofThing.set(name, place)
    return place
  }

  function settle(block: Block, { wakes }: Place): boolean {
    const inTime = wakes.filter(
      ({ by, t }) => by !== block.process && t >= block.begin && t <= (block.end ?? t),
    )
    const [first] = inTime
    if (!first) return false
    if (inTime.every(({ by }) => by === first.by)) unblocked(block, first.by)
    return true
  }

  return {
    /** @param name the part of the object: a semaphore of a set, the address of a futex */
    woke(thing: Thing, name: string, by: Process, t: number): void {
      const place = at(thing, name)
      place.wakes.push({ by, t })
      if (place.wakes.length > most) place.wakes.shift()
      place.waiting = place.waiting.filter((block) => !settle(block, place))
    },
    waited(thing: Thing, name: string, block: Block): void {
      const place = at(thing, name)
      if (settle(block, place)) return
      place.waiting.push(block)
      if (place.waiting.length > most) place.waiting.shift()
    },
  }
}
