import { describe, expect, test } from 'vitest'
import {
  arrive,
  BARRIER_BYTES,
  countAtomically,
  countPlainly,
  layBarrier,
} from '../../src/ipc/shared-counter.js'
import { threadWaiter } from '../../src/ipc/shared-ring/waiting.js'
import type { CounterSaid, CounterTask } from './fixtures/counter-thread.js'
import { DEADLINE_MS, threadsOf } from './fixtures/threads.js'

/** A barrier for this many threads, in shared memory of its own. */
function newBarrier(parties: number): Int32Array<SharedArrayBuffer> {
  const cells = new Int32Array(new SharedArrayBuffer(BARRIER_BYTES))
  layBarrier(cells, parties)
  return cells
}

const start = threadsOf<CounterTask, CounterSaid>('counter-thread.ts')

/**
 * Lets workers count together. Returns the value of the shared cell and what each worker reported. In every race, each
 * worker must have started only after all had arrived.
 */
async function race(how: CounterTask['how'], workers: number, times: number, rounds = 1) {
  const cells = new Int32Array(new SharedArrayBuffer(8))
  const barrier = newBarrier(workers)
  const threads = Array.from({ length: workers }, () => start({ how, barrier, cells, times, rounds }))
  const said = await Promise.all(threads.map((thread) => thread.hears((s): s is CounterSaid => true)))
  for (const { announced } of said) expect(announced[0]).toBeGreaterThanOrEqual(workers)
  return { count: Atomics.load(cells, 0), said, barrier }
}

test.each([2, 8])(
  '%i workers that count atomically lose nothing',
  async (workers) => {
    const { count } = await race('atomically', workers, 200_000)
    expect(count).toBe(workers * 200_000)
  },
  60_000,
)

test('two workers that count plainly lose updates, and never count too many', async () => {
  const total = 2_000_000
  const deadline = performance.now() + DEADLINE_MS
  let least = total
  do {
    const { count } = await race('plainly', 2, total / 2)
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThanOrEqual(total)
    least = Math.min(least, count)
    // On a busy machine the two may have run one after the other, without a race.
  } while (least === total && performance.now() < deadline)
  expect(least).toBeLessThan(total)
}, 60_000)

test('one worker alone loses nothing, plainly or atomically', () => {
  const cells = new Int32Array(new SharedArrayBuffer(12))
  countPlainly(cells, 1, 1_000)
  countAtomically(cells, 2, 1_000)
  expect([...cells]).toEqual([0, 1_000, 1_000])
})

test('a counter wraps from 2^31 - 1 to -2^31, as an int32 does', () => {
  const cells = new Int32Array(new SharedArrayBuffer(8)).fill(2 ** 31 - 1)
  countPlainly(cells, 0, 1)
  countAtomically(cells, 1, 1)
  expect([...cells]).toEqual([-(2 ** 31), -(2 ** 31)])
})

describe('the barrier', () => {
  test.each([2, 5])(
    'releases %i workers only after all have arrived, round after round',
    async (workers) => {
      const { said, barrier } = await race('not at all', workers, 0, 300)
      for (const { announced } of said) {
        expect(announced).toHaveLength(600)
        // After its nth meeting a worker sees all announcements of n meetings, but never all of the next: its own is missing.
        announced.forEach((seen, i) => {
          expect(seen).toBeGreaterThanOrEqual(workers * (i + 1))
          expect(seen).toBeLessThan(workers * (i + 2))
        })
      }
      expect([...barrier]).toEqual([workers, 0, 600])
    },
    60_000,
  )

  test('for one never waits', () => {
    const barrier = newBarrier(1)
    expect(barrier.byteLength).toBe(BARRIER_BYTES)
    arrive(barrier, threadWaiter)
    arrive(barrier, threadWaiter)
    expect([...barrier]).toEqual([1, 0, 2])
  })

  test.each([0, -1, 1.5, Number.NaN, 2 ** 31])('is not created for %d', (parties) => {
    expect(() => newBarrier(parties)).toThrow(RangeError)
  })
})
