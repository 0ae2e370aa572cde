/** The time axis: where idle time is cut out. */
import { expect, test } from 'vitest'
import { createScale } from '../../../../src/views/svg/timeline/scale.js'

const plot = { from: 200, to: 1200 }

test('long idle times are cut out, and the rest fills the axis', () => {
  const busy = [
    { from: 0, to: 1000 },
    { from: 900_000, to: 901_000 },
  ]
  const { cuts, x } = createScale([0, 1000, 900_000, 901_000], busy, plot)
  expect(cuts.map(({ time }) => time)).toEqual([899_000])
  expect(x(0)).toBe(200)
  expect(x(901_000)).toBeCloseTo(1200)
})

test('a story of moments only keeps its proportions: between the cuts nothing would be left', () => {
  const { cuts, x } = createScale([0, 250_000, 1_000_000], [], plot)
  expect(cuts).toEqual([])
  expect([0, 250_000, 1_000_000].map(x)).toEqual([200, 450, 1200])
})
