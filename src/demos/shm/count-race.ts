/** Several count in one cell, plainly and atomically: what was lost, and that nothing was. */
import { availableParallelism } from 'node:os'
import type { CounterWord } from '../../actors/counter.js'
import { now } from '../../events.js'
import type { ActorOf } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'

export interface Race {
  counters: ActorOf<'counter'>[]
  /** What they count in. */
  cell: Int32Array
  /** Additions by each of them in a round. */
  times: number
}

/** How long plain counting is tried again while no update was lost, in microseconds. */
const patience = 5_000_000

/** Lets all count once, and gives what came out. */
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
  const { counters, times } = race
  const expected = counters.length * times
  // Losing is likely, not certain: tried again until it shows.
  let tries = 0
  let plain = expected
  for (const end = now() + patience; plain === expected && now() < end; tries++)
    plain = await countOnce(race, 'plainly')
  const about = (how: string) => `the counter after ${counters.length} times ${times} ${how}`
  stage.evidence('cell[0]', `${plain}`, about('plain additions'), { data: plain })
  const lost = expected - plain
  if (lost !== 0) {
    const share = ((100 * lost) / expected).toFixed(1)
    stage.claim(
      'shm/plain-add-loses-updates',
      `plain additions lost ${lost} of ${expected} updates (${share} %)`,
      lost > 0,
    )
    stage.note(
      'Two read the same value, both add 1, both write it: one of the two additions is overwritten.',
      'aside',
    )
  } else {
    const cpus = availableParallelism()
    stage.note(
      `no plain update was lost in ${tries} tries on ${cpus} CPU(s), by luck: nothing prevents it`,
      'aside',
    )
  }

  const atomic = await countOnce(race, 'atomically')
  stage.evidence('cell[0]', `${atomic}`, about('atomic additions'), { data: atomic })
  stage.claim(
    'shm/atomic-add-loses-no-updates',
    `Atomics.add lost none of ${expected} updates`,
    atomic === expected,
  )
  stage.note(
    'Atomics.add reads, adds and writes in one step, and the CPU lets no other come in between.',
    'aside',
  )
}

/** Lets the counters end. */
export async function dismiss(counters: ActorOf<'counter'>[]): Promise<void> {
  for (const counter of counters) counter.tell('end')
  await Promise.all(counters.map((counter) => counter.ended))
}
