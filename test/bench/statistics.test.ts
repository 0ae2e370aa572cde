/** Quantiles, ranks, and where copies begin to cost more than a switch. */
import { expect, test } from 'vitest'
import type { Side } from '../../src/bench/round.js'
import { aloneAt, crossover, rowOf } from '../../src/bench/row.js'
import { noiseOf, quantile, ranksOf, spreadOf } from '../../src/bench/statistics.js'

test('a quantile is one of the numbers', () => {
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  expect([0, 0.5, 0.9, 0.99, 1].map((part) => quantile(numbers, part))).toEqual([1, 6, 10, 10, 10])
  expect(quantile([], 0.5)).toBe(0)
})

test('one round that is far from the others does not make noise', () => {
  expect(spreadOf([10, 11, 9, 500, 10])).toEqual({ median: 10, low: 10, high: 11 })
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 })
  expect(noiseOf({ median: 10, low: 9, high: 11 })).toBe(0.1)
})

test('rows whose rounds overlap share a rank, also where they overlap in a chain', () => {
  const spread = (low: number, high: number) => ({ median: (low + high) / 2, low, high })
  expect(ranksOf([spread(1, 2), spread(3, 4), spread(5, 6)])).toEqual([1, 2, 3])
  expect(ranksOf([spread(1, 3), spread(2, 5), spread(4, 6), spread(7, 8)])).toEqual([1, 1, 1, 4])
  expect(ranksOf([spread(1, 9), spread(5, 6), spread(8, 9), spread(10, 11)])).toEqual([1, 1, 1, 4])
  expect(ranksOf([])).toEqual([])
})

test('a row sums up both sides of all rounds', () => {
  const side = (times: Partial<Side>): Side => ({
    elapsed: 100,
    cpu: 40,
    voluntary: 10,
    involuntary: 2,
    calls: 20,
    p50: 5,
    p90: 6,
    p99: 7,
    histogram: [1, 2],
    ...times,
  })
  const rounds = [
    { count: 10, first: side({ p50: 4 }), second: side({}) },
    { count: 30, first: side({ p50: 6 }), second: side({ histogram: [] }) },
  ]
  const row = rowOf('latency', rounds)
  expect(row).toMatchObject({
    count: 40,
    cpu: 8,
    calls: 2,
    voluntary: 1,
    involuntary: 0.2,
    histogram: [2, 4],
  })
  expect(row.time).toMatchObject({ low: 4, high: 6 })
  expect(rowOf('throughput', rounds).time).toMatchObject({ low: 100 / 30, high: 10 })
  expect(rowOf('latency', [{ count: 1, first: side({ calls: -1 }), second: side({}) }]).calls).toBeUndefined()
})

test('the crossover lies between the last size that is cheaper to copy than a switch and the next', () => {
  const alone = [
    { size: 1, alone: 2 },
    { size: 100, alone: 3 },
    { size: 200, alone: 5 },
  ]
  expect(crossover({ switch: 2.5, alone })).toEqual([100, 200])
  expect(crossover({ switch: 9, alone })).toBeUndefined()
  expect(crossover({ switch: undefined, alone })).toBeUndefined()
  expect([1, 50.5, 100, 150, 200, 201].map((size) => aloneAt({ alone }, size))).toEqual([
    2,
    2.5,
    3,
    4,
    5,
    undefined,
  ])
})
