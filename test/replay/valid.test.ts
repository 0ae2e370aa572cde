/** The reader's own check of events against the published schema, held against a real validator of JSON Schema. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { complaint } from '../../src/replay/valid.js'
import { invalidEvents } from '../support/osdemo.js'

/** Every example of docs/events.md, which has each kind but `state`. */
const stamp = { v: 1, t: 1.5, pid: 1, tid: 1, actor: 'reader' }
const examples = [...readFileSync('docs/events.md', 'utf8').matchAll(/^\{"(?:v|event)".*\}$/gm)].map(
  ([line]) => ({ ...stamp, ...JSON.parse(line) }),
)
const state = { event: 'state', child: 3, state: 'waiting', kernel: 'S', source: '/proc/3/stat' }
const events = [...examples, { ...stamp, ...state }]

/** Each event with one field left out, or of another type. */
const damaged = events.flatMap((event) =>
  Object.keys(event).flatMap((name) => {
    const { [name]: _, ...rest } = event
    return [rest, ...['x', 7, 1.5, true, null, {}, [], ['x']].map((value) => ({ ...event, [name]: value }))]
  }),
)

test('it says of every event what a validator says', () => {
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
  ['another version', { v: 2 }, 'version 2, and this osdemo reads version 1'],
  ['an unknown kind', { ...events[0], event: 'explosion' }, 'the unknown event "explosion"'],
  ['no object', 7, 'no fields'],
])('%s', (_, value, expected) => {
  expect(complaint(value)).toBe(expected)
})
