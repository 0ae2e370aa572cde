/** Counts in a shared cell each time the supervisor tells it how. It runs as a thread or as a process. */
import { now, type Say } from '../events.js'
import {
  arrive,
  countAtomically,
  countingRoom,
  countPlainly,
  lockAt,
  timesAreAt,
} from '../ipc/shared-counter.js'
import { openMemory, type SharedMemory } from '../ipc/shared-memory.js'
import { mutexAt, type SharedMutex } from '../ipc/shared-mutex.js'
import { countTimed, timedCounters, timesAt } from '../ipc/timed-counting.js'
import { thousands } from '../text.js'
import { runActor } from './lib/runtime.js'

export interface CounterConfig {
  memory: SharedMemory
  times: number
  /** Counts from 0. The first ones take part in timed rounds; the others only wait until such a round begins. */
  index: number
}

/**
 * What the supervisor may tell it. `plainly`, `atomically` and `locked` are rounds, in which all counters count at the same
 * time; views for people leave out the rounds `plainly again` and `timed`, of which there may be hundreds. `hold` locks the lock
 * and keeps it; `lock` locks and unlocks it.
 */
export type CounterWord =
  | 'plainly'
  | 'plainly again'
  | 'timed'
  | 'atomically'
  | 'locked'
  | 'hold'
  | 'lock'
  | 'end'

declare module '../actor-types.js' {
  interface Actors {
    counter: { config: CounterConfig; word: CounterWord; runsAs: 'process' | 'thread' }
  }
}

runActor<'counter'>(async ({ say, config: { memory, times, index }, nextWord }) => {
  const { memory: bytes, waiter, address } = openMemory(memory)
  const { cell, barrier } = countingRoom(bytes)
  const lock = mutexAt(address + BigInt(lockAt))
  const round = (call: string, count: () => void, more: { detail?: true } = {}) => {
    arrive(barrier, waiter)
    const object = `(${thousands(times)} times)`
    say({ event: 'call', phase: 'begin', call, object, ...more })
    count()
    say({ event: 'call', phase: 'end', call, object, ...more })
  }
  const plain = 'cell[0] = cell[0] + 1'
  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    if (word === 'plainly') round(plain, () => countPlainly(cell, 0, times))
    if (word === 'plainly again') round(plain, () => countPlainly(cell, 0, times), { detail: true })
    if (word === 'timed')
      round(
        plain,
        () => {
          if (index < timedCounters) countTimed(cell, 0, timesAt(bytes, timesAreAt, index))
        },
        { detail: true },
      )
    if (word === 'atomically') round('Atomics.add(cell, 0, 1)', () => countAtomically(cell, 0, times))
    if (word === 'locked') round(`lock, ${plain}, unlock`, () => countLocked(cell, lock, times))
    if (word === 'hold') take(say, lock)
    if (word === 'lock') {
      take(say, lock)
      // With the time before the call: a process that waits may have the lock before it returns.
      const begin = now()
      lock.unlock()
      say({ event: 'call', phase: 'end', call: 'pthread_mutex_unlock', object: 'the lock' }, begin)
    }
  }
})

function countLocked(cell: Int32Array, lock: SharedMutex, times: number): void {
  for (let i = 0; i < times; i++) {
    if (lock.lock() === 'owner died') lock.mend()
    countPlainly(cell, 0, 1)
    lock.unlock()
  }
}

function take(say: Say, lock: SharedMutex): void {
  const about = { event: 'call', call: 'pthread_mutex_lock', object: 'the lock' } as const
  say({ ...about, phase: 'begin' })
  if (lock.lock() === 'locked') {
    say({ ...about, phase: 'end', result: 0 })
    return
  }
  say({ ...about, phase: 'end', errno: 'EOWNERDEAD' })
  say({ event: 'note', text: 'EOWNERDEAD: the lock holder died, and this process holds the lock now.' })
  lock.mend()
  say({ event: 'call', phase: 'end', call: 'pthread_mutex_consistent', object: 'the lock' })
}
