/** Several threads or processes count in one cell: plain additions lose updates, atomic additions lose none. */
import { availableParallelism } from 'node:os'
import type { CounterWord } from '../../actors/counter.js'
import { now } from '../../events.js'
import { countingRoom, timesAreAt } from '../../ipc/shared-counter.js'
import { lostUpdate, type TimedAddition, timesAt } from '../../ipc/timed-counting.js'
import type { ActorOf } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { counted, thousands } from '../../text.js'

type Counter = ActorOf<'counter'>

export interface Race {
  counters: Counter[]
  /** What the counters are. */
  kind: 'threads' | 'processes'
  /** The memory that they share. */
  memory: ArrayBufferLike
  /** Additions per counter in a round. */
  times: number
}

/** How long plain counting is repeated while no update is lost, in microseconds. */
const patience = 5_000_000

/** How long timed counting is repeated until two additions meet, in microseconds. */
const stepPatience = 500_000

/** Plays one round. @returns the value of the shared counter at its end */
export async function countOnce({ counters, memory }: Race, word: CounterWord): Promise<number> {
  const { cell } = countingRoom(memory)
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
    await showSteps(stage, race)
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

/** Shows the steps of two additions of which one was lost. They come from rounds of their own, in which a clock is read in every step. */
async function showSteps(stage: Stage, race: Race): Promise<void> {
  const { counters, memory } = race
  const [one, other] = counters
  const [times, otherTimes] = [timesAt(memory, timesAreAt, 0), timesAt(memory, timesAreAt, 1)]
  let found: [TimedAddition, TimedAddition] | undefined
  for (const end = now() + stepPatience; !found && now() < end; ) {
    await countOnce(race, 'timed')
    found = lostUpdate(times, otherTimes)
  }
  if (!found || !one || !other)
    return stage.note('Not observed: the steps of a lost update. No two timed additions overlapped.', 'aside')
  const start = Math.min(...found.map(({ begin }) => begin))
  const row = ({ name, id }: Counter, { seen, begin, read, added, end }: TimedAddition) => ({
    name,
    id,
    seen,
    written: seen + 1,
    begin: begin - start,
    read: read - start,
    added: added - start,
    end: end - start,
  })
  const [{ seen }] = found
  stage.evidence(
    'CLOCK_MONOTONIC',
    `${one.name} and ${other.name} both read ${seen}, then both wrote ${seen + 1}`,
    'two timed additions',
    { data: [row(one, found[0]), row(other, found[1])] },
  )
}

/** Tells the counters to exit, and waits until they have. */
export async function dismiss(counters: ActorOf<'counter'>[]): Promise<void> {
  for (const counter of counters) counter.tell('end')
  await Promise.all(counters.map((counter) => counter.ended))
}
