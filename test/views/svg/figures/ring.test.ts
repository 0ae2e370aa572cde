/** The figure of a ring buffer: where the messages were in it, and which side slept. */
import { expect, test } from 'vitest'
import type { Event } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, received, run, sent, started } from '../../../support/stories.js'

function story(data: { capacity: number; tail: number; head: number; messages: number }): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'consumer'))
  say('osdemo', 1, started(3, 'producer'))
  say('consumer', 2, { event: 'call', phase: 'begin', call: 'futex', object: 'on the empty ring' })
  say('producer', 3, sent('ring', 0, 'a'))
  say('consumer', 2, { event: 'call', phase: 'end', call: 'futex', object: 'on the ring' })
  say('producer', 3, sent('ring', 1, 'b'))
  for (const seq of [0, 1]) say('consumer', 2, received('ring', seq, seq === 0 ? 'a' : 'b'))
  say('osdemo', 1, { event: 'evidence', source: 'the ring buffer', value: 'x', about: '', data })
  return events
}

test('each message has its place in the ring, and each move and each sleep its process', () => {
  const slide = slideOf(story({ capacity: 100, tail: 80, head: 80, messages: 2 }))
  expect(valuesOf(slide, 'data-slot')).toEqual(['0', '1'])
  expect(valuesOf(slide, 'data-sleep')).toEqual(['consumer'])
  expect(valuesOf(slide, 'data-move')).toEqual(['in', 'in', 'out', 'out'])
  expect(slide).toContain('in the ring, 0 to 2')
})

test('of a ring that was filled several times, the messages written last are drawn', () => {
  const slide = slideOf(story({ capacity: 100, tail: 400, head: 400, messages: 10 }))
  expect(valuesOf(slide, 'data-slot')).toEqual(['8', '9'])
})

test('too many messages are not drawn one by one', () => {
  const slide = slideOf(story({ capacity: 1024, tail: 8192, head: 8192, messages: 1024 }))
  expect(valuesOf(slide, 'data-slot')).toEqual([])
  expect(slide).toContain('>1,024 messages<')
})
