/** Merges recordings by time: all processes of a machine share one clock until it reboots. */
import { OsdemoError } from '../errors.js'
import type { Event } from '../events.js'
import type { Recording } from './recording.js'

interface Head {
  recording: Recording
  event: Event
}

/**
 * The events of all recordings, ordered by time. Events of one recording keep their order. A single recording is
 * passed on event by event, as it is read.
 *
 * @throws OsdemoError when two recordings are of different boots: their times cannot be compared
 */
export async function* merge(recordings: Recording[]): AsyncGenerator<Event> {
  const checkBoot = createBootCheck()
  const next = async (recording: Recording): Promise<Head[]> => {
    const { value: event, done } = await recording.events.next()
    if (done) return []
    checkBoot(recording, event)
    return [{ recording, event }]
  }
  const heads = (await Promise.all(recordings.map(next))).flat()
  while (heads.length > 0) {
    const first = heads.reduce((earliest, head) => (head.event.t < earliest.event.t ? head : earliest))
    yield first.event
    heads.splice(heads.indexOf(first), 1, ...(await next(first.recording)))
  }
}

/** Every run has the id of its boot. One recording may contain several boots: its order is not changed. */
function createBootCheck(): (recording: Recording, event: Event) => void {
  let earlier: { name: string; boot: string } | undefined
  return ({ name }, event) => {
    if (event.event !== 'run') return
    if (earlier && earlier.name !== name && earlier.boot !== event.boot) {
      throw new OsdemoError(
        `${earlier.name} and ${name} were recorded in different boots (${earlier.boot || 'unknown'} and ` +
          `${event.boot || 'unknown'}): their times cannot be compared`,
        1,
        { hint: 'Show each recording by itself.' },
      )
    }
    earlier ??= { name, boot: event.boot }
  }
}
