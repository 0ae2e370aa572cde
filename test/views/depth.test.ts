import { expect, test } from 'vitest'
import type { Depth } from '../../src/events.js'
import { drawDepth } from '../../src/views/depth.js'

const draw = (after: number, rest: Partial<Depth>) =>
  drawDepth({ before: 0, after, unit: 'messages', source: 'mq_getattr', ...rest })

test('a queue has a block for each message that it can hold', () => {
  expect(draw(0, { capacity: 4 })).toBe('▯▯▯▯ 0 of 4')
  expect(draw(3, { capacity: 4 })).toBe('▮▮▮▯ 3 of 4')
  expect(draw(4, { capacity: 4 })).toBe('▮▮▮▮ 4 of 4')
})

test('a large one is drawn to scale, and never looks empty when it is not', () => {
  expect(draw(1, { capacity: 65_536 })).toBe(`▮${'▯'.repeat(15)} 1 of 65,536`)
  expect(draw(65_536, { capacity: 65_536 })).toBe(`${'▮'.repeat(16)} 65,536 of 65,536`)
})

test('one without a limit grows, up to a width', () => {
  expect(draw(0, {})).toBe('0 waiting')
  expect(draw(3, {})).toBe('▮▮▮ 3 waiting')
  expect(draw(1000, {})).toBe(`${'▮'.repeat(16)}… 1,000 waiting`)
})

test('capacity zero stores nothing', () => {
  expect(draw(0, { capacity: 0 })).toBe('0 stored')
})

test('the level of a pipe is in bytes', () => {
  expect(draw(1, { capacity: 65_536, unit: 'bytes' })).toBe('▮▯▯▯ 1 of 64 KiB')
  expect(draw(2 ** 20, { capacity: 2 ** 20, unit: 'bytes' })).toBe('▮▮▮▮ 1 MiB of 1 MiB')
})

test('numbers that make no sense do no harm', () => {
  expect(draw(9, { capacity: 4 })).toBe('▮▮▮▮ 9 of 4')
  expect(draw(-1, { capacity: 4 })).toBe('▯▯▯▯ -1 of 4')
  expect(draw(-1, { capacity: -4 })).toBe(' -1 of -4')
  expect(draw(-1, {})).toBe('-1 waiting')
})
