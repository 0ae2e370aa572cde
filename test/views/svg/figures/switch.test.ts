/** The figure of context switches: where the time of a round trip goes. */
import { expect, test } from 'vitest'
import type { Data, Event, Fact } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, run, started } from '../../../support/stories.js'

const evidence = (source: string, data: Data): Fact => ({
  event: 'evidence',
  source,
  value: 'x',
  about: '',
  data,
})

function story(alone: number, trips: { microseconds: number; cpus: number[] }[]): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'sleeper'))
  say('sleeper', 2, { event: 'call', phase: 'begin', call: 'sleep', object: 'x' })
  say('sleeper', 2, { event: 'call', phase: 'end', call: 'sleep', object: 'x' })
  say('osdemo', 1, evidence('/proc/2/status', { voluntary: 51, involuntary: 2 }))
  say('first', 3, evidence('CLOCK_MONOTONIC', { microseconds: alone }))
  for (const trip of trips) say('first', 3, evidence('CLOCK_MONOTONIC', trip))
  return events
}

test('the calls of a round trip are two pairs, and the switches take the rest', () => {
  const slide = slideOf(
    story(2, [
      { microseconds: 10, cpus: [1, 1] },
      { microseconds: 30, cpus: [1, 0] },
    ]),
  )
  expect(valuesOf(slide, 'data-trip')).toEqual(['one', 'two'])
  for (const time of ['6.0 µs', '26.0 µs']) expect(slide).toMatch(new RegExp(`: ${time}<`))
  expect(slide.match(/: 4\.0 µs</g)).toHaveLength(2)
  const widths = [...slide.matchAll(/width="([\d.]+)" height="42" class="(one|two)"/g)].map(([, width]) =>
    Number(width),
  )
  // 4 and 6, 4 and 26 microseconds.
  expect(widths.map((width) => Math.round(width / (widths[0]! / 4)))).toEqual([4, 6, 4, 26])
  expect(slide).toContain('51 voluntary, 2 involuntary switches')
})

test('on a machine with one CPU, the round trip on two was not observed', () => {
  const slide = slideOf(story(2, [{ microseconds: 10, cpus: [0, 0] }]))
  expect(valuesOf(slide, 'data-trip')).toEqual(['one'])
  expect(slide).toContain('>Not observed.<')
})

test('no part is drawn where the calls alone took as long', () => {
  const slide = slideOf(story(6, [{ microseconds: 10, cpus: [0, 0] }]))
  expect(slide).toContain('the whole round trip: 10.0 µs')
})
