/** A number that an actor found out, and told as the data of evidence. */
import { numberIn } from '../../events.js'
import type { Actor } from '../../run/actor.js'

interface Wanted {
  /** The name of the number, where the data is a record. */
  name?: string
  source: string
  /** What was told before this time does not count: microseconds of the clock of events. */
  since?: number
}

/** Waits until the actor tells the number. @throws DemoFailed when it ends without */
export async function toldNumber(actor: Actor, { name, source, since = 0 }: Wanted): Promise<number> {
  let number: number | undefined
  await actor.until('evidence', (event) => {
    if (event.source !== source || event.t < since) return false
    number = numberIn(event.data, name)
    return number !== undefined
  })
  // until() resolves only once the function above has found a number.
  return number!
}
