/** Counting in one shared cell, plainly or atomically, and the barrier at which all counters start together. */
import { mutexBytes } from './shared-mutex.js'
import type { Waiter } from './shared-ring/waiting.js'
import { timedBytes } from './timed-counting.js'

/**
 * Adds 1 to `cell[index]`, `times` times, each time by a plain load, an addition and a plain store. Two threads that load the
 * same value both store the same sum, and one of the additions is lost.
 *
 * The language allows a compiler to keep the value in a register and to store it only once (ECMAScript, "Shared Memory
 * Guidelines": non-atomic accesses of one location may be merged). V8 does not do that for typed arrays: it loads and stores
 * in every iteration. A test checks it.
 */
export function countPlainly(cell: Int32Array, index: number, times: number): void {
  for (let i = 0; i < times; i++) {
    const seen = cell[index]! // The caller passes a cell of the array.
    cell[index] = seen + 1
  }
}

/** Adds 1 to `cell[index]`, `times` times, each time atomically, so that no addition is lost. */
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
 * Makes a barrier of cells that are zero. Call it before any thread arrives.
 *
 *     cell 0   parties   how many threads must arrive
 *     cell 1   arrived   how many have arrived in this round
 *     cell 2   round     the last thread to arrive adds 1; the others sleep on this cell
 */
export function layBarrier(cells: Int32Array, parties: number): void {
  if (!Number.isInteger(parties) || parties < 1 || parties >= 2 ** 31) {
    throw new RangeError(`a barrier is for 1 thread or more, not for ${parties}`)
  }
  cells[PARTIES] = parties
}

/**
 * Waits until all parties have arrived; the last one wakes the others. Then the barrier is ready for the next round.
 */
export function arrive(cells: Int32Array, waiter: Waiter): void {
  // Read before the addition: until this thread has arrived, the round cannot end.
  const round = Atomics.load(cells, ROUND)
  if (Atomics.add(cells, ARRIVED, 1) + 1 === Atomics.load(cells, PARTIES)) {
    // Reset before the round ends, because a thread that leaves may arrive for the next round at once.
    Atomics.store(cells, ARRIVED, 0)
    Atomics.add(cells, ROUND, 1)
    waiter.notify(cells, ROUND)
    return
  }
  // The waiter compares the cell and falls asleep in one atomic step, so the wake-up cannot come between and be lost.
  while (Atomics.load(cells, ROUND) === round) waiter.wait(cells, ROUND, round)
}

/** The offsets of the lock and of the timed additions in the shared memory of the counters, and the size of that memory, in bytes. */
export const lockAt = 128
export const timesAreAt = lockAt + mutexBytes
export const roomBytes = timesAreAt + timedBytes

/**
 * The memory that counters share. Each part has cache lines of its own.
 *
 *     byte 0     the shared counter
 *     byte 64    the barrier
 *     byte 128   the lock, between processes
 *     byte 192   the timed additions
 */
export function countingRoom(memory: ArrayBufferLike): { cell: Int32Array; barrier: Int32Array } {
  return {
    cell: new Int32Array(memory, 0, 1),
    barrier: new Int32Array(memory, 64, BARRIER_BYTES / 4),
  }
}
