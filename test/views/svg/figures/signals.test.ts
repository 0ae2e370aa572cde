/** The figure of signals. The test of `signal demo` draws the one of a real run. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

test('the figure draws what was observed, also where the claims did not hold', () => {
  const { events, say } = createTeller()
  const claim = (id: string, ...evidence: Data[]) => {
    for (const data of evidence)
      say('osdemo', 1, { event: 'evidence', source: 'stdout of pid 2', value: '', about: '', data })
    say('osdemo', 1, { event: 'claim', id, text: id, holds: false })
  }
  const run = { signal: 10, from: 3, value: 0 }
  claim('signal/default-action-terminates', { field: 'SigCgt', signals: [] })
  claim('signal/handler-replaces-default-action', { field: 'SigCgt', signals: [12] }, [])
  claim('signal/ignored-is-discarded', { field: 'SigIgn', signals: [12] }, [run])
  claim('signal/blocked-stays-pending', { field: 'ShdPnd', signals: [34] })
  claim('signal/standard-signals-merge', [run, run, { signal: 34, from: 3, value: 2 }])
  claim('signal/handler-interrupts-slow-call', { result: 6, errno: 0, runs: 1 })
  claim('signal/one-wait-leaves-zombies', { runs: 1, reaped: 3 })
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-outcome')).toEqual([
    'lives on',
    '0 runs of the handler',
    'a handler ran',
    'not pending',
  ])
  expect(valuesOf(slide, 'data-delivered')).toEqual(['2', '1'])
  expect(valuesOf(slide, 'data-result')).toEqual(['6 bytes'])
  expect(valuesOf(slide, 'data-zombies')).toEqual(['0'])
  expect(slide).toContain('SigCgt: without SIGUSR1')
})
