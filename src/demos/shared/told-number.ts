/** Waits for a number that an actor reports as the data of evidence. */
import { numberIn } from '../../events.js'
import type { Actor } from '../../run/actor.js'

interface Wanted {
  /** The name of the number, where the data is a record. */
  name?: string
  source: string
  /** Evidence from before this time does not count. In microseconds of the event clock. */
  since?: number
}

/** Waits until the actor reports the number. @throws DemoFailed when it exits without reporting it */
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
