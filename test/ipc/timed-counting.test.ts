/** Additions whose steps are timed, and the pair of which one was lost. */
import { expect, test } from 'vitest'
import { countTimed, lostUpdate, timedAdditions, timedBytes, timesAt } from '../../src/ipc/timed-counting.js'

/** Numbers of one counter: the value that it read, and the four times of each addition. */
const timesOf = (...additions: number[][]) => Float64Array.from(additions.flat())

test('each addition has the value that it read and times in order, and each counter has memory of its own', () => {
  const memory = new SharedArrayBuffer(timedBytes)
  const [one, other] = [timesAt(memory, 0, 0), timesAt(memory, 0, 1)]
  const cell = new Int32Array(2)
  countTimed(cell, 1, one)
  expect([...cell]).toEqual([0, timedAdditions])
  expect(other.every((number) => number === 0)).toBe(true)
  for (let at = 0; at < timedAdditions; at++) {
    const [seen, ...times] = one.subarray(5 * at, 5 * at + 5)
    expect(seen).toBe(at)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  }
})

test('an update is lost when both read before either wrote; the shortest such pair is shown', () => {
  const one = timesOf(
    [7, 10, 20, 40, 90],
    [8, 100, 110, 130, 140],
    [9, 200, 210, 220, 230],
    [10, 300, 310, 330, 390],
  )
  const other = timesOf(
    [7, 15, 30, 50, 60],
    [8, 105, 115, 125, 135],
    [9, 215, 225, 235, 245],
    [10, 305, 315, 335, 345],
  )
  // The third pair read the same value too, but the first of them may have written before the second one read.
  expect(lostUpdate(one, other)?.map(({ seen, begin }) => [seen, begin])).toEqual([
    [8, 100],
    [8, 105],
  ])
})

test('without a certain pair there is none', () => {
  expect(lostUpdate(timesOf([7, 10, 20, 30, 40]), timesOf([8, 10, 20, 30, 40]))).toBeUndefined()
  expect(lostUpdate(timesOf([7, 10, 20, 30, 40]), timesOf([7, 15, 31, 35, 40]))).toBeUndefined()
})
