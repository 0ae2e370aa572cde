import { expect, test } from 'vitest'
import { sharesOf, weightOf } from '../../src/proc/nice-weights.js'

const all = Array.from({ length: 40 }, (_, index) => index - 20)

test('nice 0 has the weight 1024, and each step changes the weight by about a quarter', () => {
  expect([-20, 0, 5, 10, 19].map(weightOf)).toEqual([88761, 1024, 335, 110, 15])
  for (const nice of all.slice(1)) {
    const step = weightOf(nice - 1) / weightOf(nice)
    expect(step).toBeGreaterThan(1.18)
    expect(step).toBeLessThan(1.32)
  }
})

test('shares are in proportion to weights, and add up to one CPU', () => {
  expect(sharesOf([7, 7])).toEqual([0.5, 0.5])
  const [first, second, third] = sharesOf([0, 5, 10])
  expect(first! + second! + third!).toBeCloseTo(1)
  expect(first! / second!).toBeCloseTo(1024 / 335)
})
