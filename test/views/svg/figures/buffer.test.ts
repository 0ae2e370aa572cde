/** The figure of a bounded buffer. The test of `semaphore buffer` draws the one of a real run. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

test('each moment is a column, and a deadlock is drawn only where the claim holds', () => {
  const { events, say } = createTeller()
  const show = (...all: Data[]) => {
    for (const data of all)
      say('osdemo', 1, { event: 'evidence', source: 'semctl(2)', value: '', about: '', data })
  }
  const values = { free: 1, filled: 1, mutex: 1, freeWaiting: 0, filledWaiting: 0, mutexWaiting: 0 }
  show(7, [3], [{ moment: 'half full', ...values }], [{ moment: 'no values' }])
  show([{ moment: 'odd', ...values, free: -5, filled: 1e9 }], [{ moment: 'deadlock', ...values, mutex: 0 }])
  show([{ moment: 'if', put: 1, taken: 2 }])
  const claim = (holds: boolean) =>
    say('osdemo', 1, { event: 'claim', id: 'buffer/mutex-first-deadlocks', text: '', holds })
  claim(false)
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-step')).toEqual(['half full', 'odd'])
  expect(valuesOf(slide, 'data-count')).toEqual(['1 2'])
  expect(valuesOf(slide, 'data-stuck')).toEqual([])
  claim(true)
  expect(valuesOf(slideOf(events), 'data-stuck')).toEqual(['yes'])
})
