/**
 * What the workers of the race demo do: count in one shared cell, plainly or atomically, after a barrier has let all of
 * them start together.
 */
import { mutexBytes } from './shared-mutex.js'
import type { Waiter } from './shared-ring/waiting.js'

/**
 * Adds 1 to `cell[index]`, `times` times, by a load, an addition and a store that know nothing of other threads. Two
 * threads that load the same value both store the same sum, and one of the additions is lost.
 *
 * Nothing in the language forbids a compiler to keep the value in a register and store it once (ECMAScript, "Shared
 * Memory Guidelines": merging non-atomic reads or writes of one location stays valid). V8 does not do that for typed
 * arrays: it loads and stores in every turn of the loop. The tests hold it to this.
 */
export function countPlainly(cell: Int32Array, index: number, times: number): void {
  for (let i = 0; i < times; i++) {
    const seen = cell[index]! // The caller passes a cell of the array.
    cell[index] = seen + 1
  }
}

/** Adds 1 to `cell[index]`, `times` times, each as one indivisible step: none is lost. */
export function countAtomically(cell: Int32Array, index: number, times: number): void {
  for (let i = 0; i < times; i++) Atomics.add(cell, index, 1)
}

// The cells of a barrier.
const PARTIES = 0
const ARRIVED = 1
const ROUND = 2

/** The size of a barrier in bytes: three cells. */
export const BARRIER_BYTES = 12

/**
 * Makes zeroed cells a barrier, before anybody arrives there:
 *
 *     cell 0   parties   how many must arrive
 *     cell 1   arrived   how many have, in this round
 *     cell 2   round     goes up by 1 when the last one arrives; who came earlier sleeps on it
 */
export function layBarrier(cells: Int32Array, parties: number): void {
  if (!Number.isInteger(parties) || parties < 1 || parties >= 2 ** 31) {
    throw new RangeError(`a barrier is for 1 thread or more, not for ${parties}`)
  }
  cells[PARTIES] = parties
}

/**
 * Waits until all parties of the barrier have arrived; the last one wakes the others. After that the barrier is ready
 * for the next round.
 */
export function arrive(cells: Int32Array, waiter: Waiter): void {
  // Before the addition: without us the round cannot end, so this is the round that we arrive in.
  const round = Atomics.load(cells, ROUND)
  if (Atomics.add(cells, ARRIVED, 1) + 1 === Atomics.load(cells, PARTIES)) {
    // Back to 0 before the round ends: who leaves early may arrive again at once.
    Atomics.store(cells, ARRIVED, 0)
    Atomics.add(cells, ROUND, 1)
    waiter.notify(cells, ROUND)
    return
  }
  // Waiting looks whether the round is still ours and falls asleep in one step, so the wake-up cannot slip between.
  while (Atomics.load(cells, ROUND) === round) waiter.wait(cells, ROUND, round)
}

/** Where the lock is in a counting room, in bytes from its start, and how large the room is. */
export const lockAt = 128
export const roomBytes = lockAt + mutexBytes

/**
 * What counters share, each part on cache lines of its own:
 *
 *     byte 0     the cell that all count in
 *     byte 64    the barrier
 *     byte 128   the lock, where there is one
 */
export function countingRoom(memory: ArrayBufferLike): { cell: Int32Array; barrier: Int32Array } {
  return {
    cell: new Int32Array(memory, 0, 1),
    barrier: new Int32Array(memory, 64, BARRIER_BYTES / 4),
  }
}
