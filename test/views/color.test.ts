/** Colours that can be read on a white and on a black terminal. */
import { expect, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { createPages } from '../../src/views/pages/index.js'
import { createProse } from '../../src/views/prose/index.js'
import { createTimeline } from '../../src/views/timeline/index.js'
import { createTeller, run, started, statesOf, storyOf } from '../support/stories.js'

/** Reset, bold, dim and their ends; red, green, magenta, cyan; bright red, blue and magenta. */
const readable = [0, 1, 2, 22, 39, 31, 32, 35, 36, 91, 94, 95]

/** Every kind of event, many processes, a map, a tree, a chart, a table with a claim that failed. */
function everything(): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  const permissions = ['r-xp', 'rw-p', 'r--p']
  permissions.forEach((kind, at) => {
    const region = { part: 'heap', from: `${9 - 2 * at}0`, to: `${9 - 2 * at}f`, bytes: 9, resident: 1 }
    say('osdemo', 1, {
      event: 'evidence',
      source: '/proc/2/smaps',
      value: kind,
      about: 'heap',
      region: { ...region, permissions: kind, mappings: 1 },
    })
  })
  for (let child = 2; child < 9; child++) {
    say('osdemo', 1, started(child, `child-${child}`))
    say(`child-${child}`, child, { event: 'note', text: 'x' })
    const data = { pid: child, ppid: child - 1, comm: 'cat', state: 'S' }
    say('osdemo', 1, { event: 'evidence', source: `/proc/${child}/stat`, value: 'x', about: '', data })
  }
  for (const holds of [true, false]) {
    say('osdemo', 1, { event: 'claim', text: 'x', holds, row: { table: 'T', cells: { a: '1' } } })
  }
  return [
    ...events,
    ...storyOf('x'),
    ...statesOf('other'),
    ...statesOf('child').map((event) => ({ ...event, t: event.t + 5000 })),
  ]
}

test.each([1, 2, 3] as const)('on a terminal with colours of level %i, every text can be read', (color) => {
  const options = { color, width: 80, hide: [], height: 24 } as const
  const views = [
    createTimeline({ ...options, demo: true }),
    createTimeline(options),
    createPages(options),
    ...(['tool', 'brief', 'document'] as const).map((level) => createProse({ ...options, level })),
  ]
  const used = new Set<number>()
  for (const view of views) {
    const text =
      everything()
        .map((event) => view.event(event))
        .join('') + view.end()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a colour begins with one.
    for (const [, codes = ''] of text.matchAll(/\u001b\[([\d;]*)m/g)) used.add(Number(codes))
  }
  expect([...used].filter((code) => !readable.includes(code))).toEqual([])
  expect(used.size).toBeGreaterThan(9)
})
