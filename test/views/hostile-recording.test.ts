/** Recordings that only an attacker writes. Every view shows them, and every number in it is finite. */
import { expect, test } from 'vitest'
import type { Fact } from '../../src/events.js'
import { complaint } from '../../src/replay/valid.js'
import { createView } from '../../src/views/index.js'
import { viewNames } from '../../src/views/names.js'

const cells = { constructor: '1', toString: '2' }
const row = { table: 'toString', cells }

const facts: Record<string, (Fact & { at?: number })[]> = {
  'cells that are named like properties of every object': [
    { event: 'claim', text: 'c', holds: true, row },
    { event: 'claim', text: 'd', holds: false, row },
    { event: 'claim', text: 'e', holds: true, row: { table: 'toString', cells: {} } },
  ],
  'a call that ends before it begins': [
    { event: 'call', phase: 'begin', call: 'read', object: 'o', at: 20 },
    { event: 'call', phase: 'end', call: 'read', object: 'o', result: 1, at: 10 },
  ],
  'bytes that no memory has': [
    { event: 'sent', channel: 'c', seq: 0, bytes: -4096 },
    { event: 'received', channel: 'c', seq: 0, bytes: 1e308 },
    ...[-4096, 1e308].map((bytes): Fact => {
      const region = {
        part: 'heap',
        from: 'ff',
        to: '0',
        bytes,
        resident: 1e308,
        permissions: 'r',
        mappings: 1,
      }
      return { event: 'evidence', source: 's', value: 'v', about: '', region }
    }),
  ],
  'sums that no number holds': [
    ...['sent', 'received'].flatMap((event) =>
      Array.from({ length: 20 }, (_, seq) => ({ event, channel: 'c', seq, bytes: 1e308 }) as Fact),
    ),
    { event: 'tally', channel: 'c', direction: 'sent', messages: 1e308, bytes: 1e308, since: 0 },
    { event: 'tally', channel: 'c', direction: 'sent', messages: 1e308, bytes: 1e308, since: 0 },
    { event: 'tally', channel: 'c', direction: 'received', messages: 1, bytes: 1, since: 0 },
    ...['library', 'mapped file', 'anonymous'].map((part): Fact => {
      const region = {
        part,
        from: '0',
        to: 'ff',
        bytes: 1e308,
        resident: 1e308,
        permissions: 'r',
        mappings: 1,
      }
      return { event: 'evidence', source: 's', value: 'v', about: '', region }
    }),
  ],
  'more than a diagram takes': Array.from({ length: 3000 }, (_, number): Fact => {
    return { event: 'note', text: `${'word '.repeat(20)}${number}` }
  }),
}

test.each(Object.keys(facts))('%s', async (name) => {
  const list = facts[name] ?? []
  expect(list.length).toBeGreaterThan(1)
  for (const view of viewNames) {
    const { event, end } = await createView(view, undefined, {
      color: false,
      width: 80,
      hide: [],
      demo: true,
    })
    const parts = list.map(({ at, ...fact }, t) =>
      event({ v: 1, t: at ?? t, pid: 1, tid: 1, actor: 'a', ...fact }),
    )
    const shown = parts.join('') + end()
    expect(/NaN|Infinity/.exec(shown)).toBeNull()
    // The limit of Mermaid for the text of a diagram.
    if (view === 'mermaid') expect(shown.length).toBeLessThan(50_000)
  }
})

test('an event with values nested 4,000 deep is none', () => {
  const data = JSON.parse(`${'['.repeat(4000)}${']'.repeat(4000)}`)
  expect(complaint({ v: 1, t: 1, pid: 1, tid: 1, actor: 'a', event: 'note', text: 'x', data })).toMatch(
    /levels/,
  )
})
