/** What `osdemo view` accepts as an event: what the published schema accepts, and fields of later versions. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { complaint } from '../../src/replay/valid.js'
import { invalidEvents } from '../support/osdemo.js'

/** Every example of docs/reference/events.md, which has each kind but `state`. */
const stamp = { v: 1, t: 1.5, pid: 1, tid: 1, actor: 'reader' }
const examples = [
  ...readFileSync('docs/reference/events.md', 'utf8').matchAll(/^\{"(?:v|event)".*\}$/gm),
].map(([line]) => ({ ...stamp, ...JSON.parse(line) }))
const state = { event: 'state', child: 3, state: 'waiting', kernel: 'S', source: '/proc/3/stat' }
const evidence = { event: 'evidence', source: 'x', value: '3', about: 'x' }
const data = [7, [1, 'a', null], { name: true }, [{ a: 1 }, { a: 2 }]]
const events = [
  ...examples,
  { ...stamp, ...state },
  ...data.map((each) => ({ ...stamp, ...evidence, data: each })),
]

/** Each event with one field missing, or of another type. */
const damaged = events.flatMap((event) =>
  Object.keys(event).flatMap((name) => {
    const { [name]: _, ...rest } = event
    const others = ['x', 7, 1.5, true, null, {}, [], ['x'], [[1]], { a: {} }, [{ a: [] }]]
    return [rest, ...others.map((value) => ({ ...event, [name]: value }))]
  }),
)

test('it accepts the same events as a validator', () => {
  expect(events.length).toBeGreaterThan(15)
  expect(events.map(complaint).filter(Boolean)).toEqual([])
  const ours = damaged.filter((event) => complaint(event) !== undefined)
  const theirs = invalidEvents(damaged as Event[])
  expect(ours.length).toBeGreaterThan(300)
  expect(ours.filter((event, index) => !theirs[index]?.startsWith(JSON.stringify(event)))).toEqual([])
  expect(theirs).toHaveLength(ours.length)
})

test.each([
  ['a later field does no harm', { ...events[0], later: 1 }, undefined],
  ['another version', { v: 2 }, 'version 2, but this osdemo reads version 1'],
  ['an unknown kind', { ...events[0], event: 'explosion' }, 'the unknown event "explosion"'],
  ['a later field does no harm in a record either', withLaterField(), undefined],
  ['a kind that every object has', { ...events[0], event: 'toString' }, 'the unknown event "toString"'],
  ['a kind that is no text', { ...events[0], event: { toString: 1 } }, 'the unknown event {"toString":1}'],
  ['a time before the boot', { ...events[0], t: -1 }, 'a wrong t, -1'],
  ['a time that no clock has', { ...events[0], t: 1e300 }, 'a wrong t, 1e+300'],
  ['no object', 7, 'no fields'],
])('%s', (_, value, expected) => {
  expect(complaint(value)).toBe(expected)
})

test.each([
  ['a later field', (deep: unknown) => ({ ...events[0], later: deep })],
  ['a field of ours', (deep: unknown) => ({ ...stamp, ...evidence, data: deep })],
])('%s may nest, but not so deep that recursion would overflow the stack', (_, build) => {
  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
  expect(complaint(build(nested(5000)))).toBe('more than 32 levels of lists and records')
  expect(complaint(build(nested(30))) ?? '').not.toContain('levels')
})

function withLaterField() {
  const depth = { before: 0, after: 1, unit: 'bytes', source: 'x', later: 1 }
  return { ...stamp, event: 'sent', channel: 'c', seq: 0, bytes: 1, depth }
}
