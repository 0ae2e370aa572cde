/** A thread that counts in a shared cell, plainly or atomically, each time the director says so. */
import { arrive, countAtomically, countPlainly } from '../ipc/shared-counter.js'
import { play } from './preamble.js'

export interface CounterConfig {
  cells: Int32Array<SharedArrayBuffer>
  /** All counters of a round wait here for each other, so that they count at the same time. */
  barrier: Int32Array<SharedArrayBuffer>
  times: number
}

/** What the director may say. */
export type CounterWord = 'plainly' | 'atomically' | 'end'

play<CounterConfig>(async ({ say, config: { cells, barrier, times }, told }) => {
  for (let word = await told(); word !== 'end'; word = await told()) {
    const step = word === 'atomically' ? 'Atomics.add(cell, 0, 1)' : 'cell[0] = cell[0] + 1'
    arrive(barrier)
    say({ event: 'call', phase: 'begin', call: step, object: `${times} times` })
    if (word === 'atomically') countAtomically(cells, 0, times)
    else countPlainly(cells, 0, times)
    say({ event: 'call', phase: 'end', call: step, object: `${times} times` })
  }
})
