/** The figure of lost datagrams. The test of `socket udp` draws the one of a real run. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

/** The slide of a run in which so many datagrams were received. */
function slideWith(received: Data): string {
  const { events, say } = createTeller()
  for (const data of [{ asked: 4096, size: 8192 }, { bytes: 100, complete: 5 }, received, { drops: 3 }])
    say('osdemo', 1, { event: 'evidence', source: '', value: '', about: '', data })
  say('osdemo', 1, { event: 'claim', id: 'udp/full-buffer-drops-datagrams', text: '', holds: true })
  return slideOf(events)
}

test('a box for each datagram says whether it was received', () => {
  const slide = slideWith({ received: 2, first: 0, last: 1 })
  expect(valuesOf(slide, 'data-datagram').join()).toBe('0 kept,1 kept,2 dropped,3 dropped,4 dropped')
  expect(valuesOf(slide, 'data-sum')).toEqual(['5 sent = 2 received + 3 dropped'])
})

test('where other datagrams than the first were received, or more than were sent, there is no such figure', () => {
  expect(valuesOf(slideWith({ received: 2, first: 1, last: 3 }), 'data-datagram')).toEqual([])
  expect(valuesOf(slideWith({ received: 7, first: 0, last: 6 }), 'data-datagram')).toEqual([])
})
