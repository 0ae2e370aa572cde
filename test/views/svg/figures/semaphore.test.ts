/** The figure of a semaphore. The test of `semaphore demo` draws the one of a real run. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

test('a column for each moment has the value and the processes, also where data is missing', () => {
  const { events, say } = createTeller()
  const claim = (id: string, ...evidence: Data[]) => {
    for (const data of evidence)
      say('osdemo', 1, { event: 'evidence', source: 'semctl(2)', value: '', about: '', data })
    say('osdemo', 1, { event: 'claim', id, text: id, holds: false })
  }
  const row = { moment: 'two', value: 1, process: 'a', state: 'inside', undo: true }
  claim(
    'semaphore/admits-its-value',
    [row, { ...row, process: 'b', state: 'waiting' }],
    7,
    [3],
    [{ moment: 'no value', process: 'a' }],
  )
  claim('semaphore/removal-ends-the-wait', { process: 'b', errno: 'EIDRM' })
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-value')).toEqual(['1'])
  expect(valuesOf(slide, 'data-inside')).toEqual(['a', ''])
  expect(valuesOf(slide, 'data-waiting')).toEqual(['b', ''])
  expect(slide).toContain('EIDRM')
})
