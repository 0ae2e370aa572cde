/** Several threads or processes count in one cell: plain additions lose updates, atomic additions lose none. */
import { availableParallelism } from 'node:os'
import type { CounterWord } from '../../actors/counter.js'
import { now } from '../../events.js'
import type { ActorOf } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { counted, thousands } from '../../text.js'

export interface Race {
  counters: ActorOf<'counter'>[]
  /** What the counters are. */
  kind: 'threads' | 'processes'
  /** The shared counter. */
  cell: Int32Array
  /** Additions per counter in a round. */
  times: number
}

/** How long plain counting is repeated while no update is lost, in microseconds. */
const patience = 5_000_000

/** Plays one round. @returns the value of the shared counter at its end */
export async function countOnce({ counters, cell }: Race, word: CounterWord): Promise<number> {
  Atomics.store(cell, 0, 0)
  const begin = now()
  const ends = counters.map((counter) => {
    counter.tell(word)
    return counter.until('call', ({ phase, t }) => phase === 'end' && t >= begin)
  })
  await Promise.all(ends)
  return Atomics.load(cell, 0)
}

export async function showRace(stage: Stage, race: Race): Promise<void> {
  const { counters, kind, times } = race
  const expected = counters.length * times
  // A lost update is likely, not certain: the round is repeated until one shows.
  let tries = 0
  let plain = expected
  for (const end = now() + patience; plain === expected && now() < end; tries++)
    plain = await countOnce(race, tries === 0 ? 'plainly' : 'plainly again')
  const about = (how: string) => `after ${counters.length} x ${thousands(times)} ${how}`
  const round = tries > 1 ? `, in round ${tries}` : ''
  stage.evidence('cell[0]', `${plain}`, about(`plain additions${round}`), { data: plain })
  const lost = expected - plain
  if (lost !== 0) {
    const share = ((100 * lost) / expected).toFixed(1)
    stage.claim(
      'shm/plain-add-loses-updates',
      `Plain additions lose updates: ${thousands(lost)} of ${thousands(expected)} were lost (${share} %).`,
      lost > 0,
    )
    stage.note(
      `How an update is lost: two ${kind} read the same value, both add 1, both write the same sum.`,
      'aside',
    )
  } else {
    const cpus = counted(availableParallelism(), 'CPU')
    stage.note(`Not observed: no update was lost in ${counted(tries, 'try', 'tries')} on ${cpus}.`, 'aside')
    stage.note('That was luck: nothing prevents a lost update here.', 'aside')
  }

  const atomic = await countOnce(race, 'atomically')
  stage.evidence('cell[0]', `${atomic}`, about('atomic additions'), { data: atomic })
  stage.claim(
    'shm/atomic-add-loses-no-updates',
    `Atomic additions lose no update: Atomics.add counted all ${thousands(expected)}.`,
    atomic === expected,
  )
  stage.note(
    'An atomic addition reads, adds and writes in one step: no other access can come between.',
    'aside',
  )
}

/** Tells the counters to exit, and waits until they have. */
export async function dismiss(counters: ActorOf<'counter'>[]): Promise<void> {
  for (const counter of counters) counter.tell('end')
  await Promise.all(counters.map((counter) => counter.ended))
}
