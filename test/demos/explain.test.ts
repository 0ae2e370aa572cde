/** `osdemo explain`: the catalogue has every finding, and a page prints its programs as they are. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findingIds } from '../../src/findings/index.js'
import { invalidEvents, newPlace, parseEvents } from '../support/osdemo.js'

test('without an id, every finding is listed', async () => {
  const run = newPlace().osdemo(['explain', '--json'])
  expect(await run.exit).toBe(0)
  const events = parseEvents(run.stdout())
  expect(invalidEvents(events)).toEqual([])
  const headings = events.flatMap((event) =>
    event.event === 'note' && event.role === 'opening' ? [event.text] : [],
  )
  expect(headings).toEqual(findingIds)
})

test('a page prints its programs line by line, and no line is wider than a terminal', async () => {
  const place = newPlace()
  const [events, text] = [['--json'], []].map((options) =>
    place.osdemo(['explain', 'pipe/write-end-left-open', ...options]),
  )
  expect(await Promise.all([events?.exit, text?.exit])).toEqual([0, 0])
  const page = readFileSync('docs/mistakes/pipe/write-end-left-open.md', 'utf8')
  const programs = [...page.matchAll(/^```c\n(.*?)^```$/gms)].map(([, program = '']) =>
    program.trim().split('\n'),
  )
  const shown = parseEvents(events!.stdout()).flatMap((event) =>
    event.event === 'note' && event.lines ? [event.lines] : [],
  )
  expect(shown).toHaveLength(2)
  expect(shown).toEqual(programs)
  const lines = text!.stdout().split('\n')
  for (const line of programs.flat()) expect(lines).toContain(`    ${line}`.trimEnd())
  expect(lines.filter((line) => line.length > 80)).toEqual([])
})

test.each([
  ['pipe/write-end-left-opne', 'pipe/write-end-left-open'],
  ['nonsense', 'osdemo explain'],
])('%s: an unknown id says what to do', async (id, hint) => {
  const run = newPlace().osdemo(['explain', id])
  expect(await run.exit).toBe(2)
  expect(run.stderr()).toContain(id)
  expect(run.stderr()).toContain(hint)
  expect(run.stdout()).toBe('')
})
