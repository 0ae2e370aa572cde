/** The figure of a benchmark: bars for each place, and lines over the size; and the rounds as CSV. */
import { expect, test } from 'vitest'
import type { Event } from '../../../../src/events.js'
import { createCsv } from '../../../../src/views/csv.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, run } from '../../../support/stories.js'

function story(): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  const row = { table: 'a table', cells: {} }
  const note = { event: 'note', text: 'a row', role: 'step', row } as const
  for (const [cpus, mechanism, median, spins] of [
    ['same', 'pipe', 8, false],
    ['same', 'tcp', 16, false],
    ['two', 'ring', 0.25, true],
  ] as const)
    say('osdemo', 1, { ...note, data: { rank: 1, mechanism, cpus, median, spins } })
  say('osdemo', 1, { ...note, data: { mechanism: 'pipe', cpus: 'same', sizes: [64, 1024], times: [8, 9] } })
  say('osdemo', 1, { ...note, data: { mechanism: 'queue', cpus: 'same', sizes: [64], times: [8] } })
  return events
}

test('each mechanism has a bar, as long as the logarithm of its time, and a line where it has all sizes', () => {
  const slide = slideOf(story())
  expect(valuesOf(slide, 'data-mechanism')).toEqual(['pipe', 'tcp', 'ring'])
  expect(valuesOf(slide, 'data-line')).toEqual(['pipe'])
  const widths = [...slide.matchAll(/<rect [^>]*width="([\d.]+)" height="19" class="(\w+)"/g)]
  expect(widths.map(([, , kind]) => kind)).toEqual(['one', 'one', 'two'])
  const [pipe = 0, tcp = 0, ring = 0] = widths.map(([, width]) => Number(width))
  // 8 is 2^5 times 0.25, and 16 is 2^6 times 0.25.
  expect((tcp - ring) / (pipe - ring)).toBeCloseTo(6 / 5, 2)
})

test('a run without rounds has no such figure', () => {
  const others = story().map((event) => (event.event === 'note' ? { ...event, data: { median: 1 } } : event))
  expect(valuesOf(slideOf(others), 'data-mechanism')).toEqual([])
})

test('CSV has a line for each round, and no cell that a spreadsheet would compute', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  const evidence = { event: 'evidence', source: 'CLOCK_MONOTONIC', value: 'x', about: '' } as const
  say('a', 2, { ...evidence, data: { clock: 30 } })
  say('a', 2, { ...evidence, data: { mechanism: 'pipe', round: 1, p50: 7.12345, histogram: [1] } })
  say('a', 2, { ...evidence, data: { mechanism: '=1+1', round: 2, mode: 'a,"b"' } })
  const csv = createCsv()
  const text = events.map((event) => csv.event(event)).join('') + csv.end()
  expect(text.split('\n')).toEqual([
    'mechanism,mode,size,cpus,round,side,count,elapsed,p50,p90,p99,cpu,voluntary,involuntary,calls',
    'pipe,,,,1,,,,7.123,,,,,,',
    `'=1+1,"a,""b""",,,2,,,,,,,,,,`,
    '',
  ])
})
