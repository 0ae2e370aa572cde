/** The figure of file locks. The test of `lock demo` draws the one of a real run. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

test('a column for each moment lists the lock holders and the processes that wait, also where claims did not hold', () => {
  const { events, say } = createTeller()
  const claim = (id: string, ...evidence: Data[]) => {
    for (const data of evidence)
      say('osdemo', 1, { event: 'evidence', source: '/proc/locks', value: '', about: '', data })
    say('osdemo', 1, { event: 'claim', id, text: id, holds: false })
  }
  const row = { kind: 'FLOCK', access: 'READ', waits: false, from: '0' }
  const asks = { moment: 'second asks', process: 'second', ...row, waits: true }
  claim('lock/exclusive-lock-waits', [{ moment: 'second asks', process: 'first', ...row }], [asks], 7, [3])
  const holds = { moment: 'ofd: close', process: 'first', ...row, kind: 'OFDLCK', access: 'WRITE' }
  claim('lock/any-close-releases-record-locks', [holds], [{ moment: 'fcntl: close', process: 'none' }])
  const both = { moment: 'fcntl: both ask', process: 'first', ...row, kind: 'POSIX', access: 'WRITE' }
  claim('lock/kernel-refuses-record-deadlock', [both], { errno: 35 })
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-locks')).toEqual([
    'first shared, second waits',
    'first exclusive',
    '',
    'first byte 0, second EDEADLK',
  ])
})
