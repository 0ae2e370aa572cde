import { expect, test } from 'vitest'
import { byKind, cluster } from '../../../../src/views/svg/timeline/cluster.js'

test('items join while they are near the first of their group', () => {
  const near = ([first]: readonly number[], [next]: readonly number[]) => next! - first! < 5
  expect(cluster([0, 4, 5, 9, 20], near)).toEqual([[0, 4], [5, 9], [20]])
  expect(cluster([], near)).toEqual([])
})

test('a group that has grown joins the group before it when they touch', () => {
  // A group is as wide as its number of items, on both sides of the first.
  const overlap = (group: readonly number[], next: readonly number[]) =>
    next[0]! - group[0]! < group.length + next.length
  expect(cluster([0, 2.9, 4.5, 6], overlap)).toEqual([[0, 2.9, 4.5], [6]])
  expect(cluster([0, 3, 6], overlap)).toEqual([[0], [3], [6]])
})

test('a hundred thousand neighbours are one group', () => {
  expect(cluster(Array(100_000).fill(0), () => true)).toHaveLength(1)
})

test('items of a kind keep their order', () => {
  const kinds = byKind(['b1', 'a1', 'b2'], (word) => word[0]!)
  expect([...kinds]).toEqual([
    ['b', ['b1', 'b2']],
    ['a', ['a1']],
  ])
})
