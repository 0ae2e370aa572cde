/** The figure of the philosophers. The test of `semaphore philosophers` draws the one of a real run. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

test('an arrow leads from a process to the fork that it waits for, and from a fork to its process', () => {
  const { events, say } = createTeller()
  const show = (...all: Data[]) => {
    for (const data of all)
      say('osdemo', 1, { event: 'evidence', source: 'semctl(2)', value: '', about: '', data })
  }
  const moment = 'deadlock'
  show(
    7,
    [3],
    [{ moment, fork: 0, holder: 0 }],
    [{ moment, fork: 1, holder: null }],
    [{ moment, fork: 1e9, holder: 0 }],
  )
  show(
    [{ moment, philosopher: 0, pid: 4_194_304, waitsFor: 1 }],
    [{ moment, philosopher: 1, pid: 5, waitsFor: 7 }],
  )
  show([
    { moment: 'ordered', philosopher: 0, meals: 3 },
    { moment: 'ordered', philosopher: 1, meals: 3 },
  ])
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-waits')).toEqual(['P0 1'])
  expect(valuesOf(slide, 'data-has')).toEqual(['P0 0'])
  expect(valuesOf(slide, 'data-fork')).toEqual(['0', '1'])
  expect(valuesOf(slide, 'data-meals')).toEqual(['2'])
})
