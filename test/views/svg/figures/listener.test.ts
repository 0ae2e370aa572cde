/** The figure of a listener. The test of `socket listen` draws the one of a real run. */
import { constants } from 'node:os'
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

test('the queue, both ends of connections, and what bind(2) returned are drawn, also where claims did not hold', () => {
  const { events, say } = createTeller()
  const claim = (id: string, ...evidence: Data[]) => {
    for (const data of evidence)
      say('osdemo', 1, { event: 'evidence', source: '', value: '', about: '', data })
    say('osdemo', 1, { event: 'claim', id, text: id, holds: false })
  }
  const row = { moment: 'now', rxQueue: 0, inode: 7 }
  claim(
    'listen/connected-before-accept',
    { ...row, side: 'listener', state: 'LISTEN', rxQueue: 2 },
    { ...row, side: 'client', state: 'SYN_SENT' },
    { ...row, side: 'client', state: 'ESTABLISHED' },
    { ...row, side: 'server', state: 'CLOSE_WAIT', inode: 0 },
    { ...row, side: 'server' },
    [1],
  )
  claim('listen/time-wait-keeps-the-port', { errno: constants.errno.EADDRINUSE })
  claim('listen/reuseaddr-frees-the-port', { errno: 0 })
  expect(valuesOf(slideOf(events), 'data-socket')).toEqual([
    'waits',
    'waits',
    'SYN_SENT',
    'ESTABLISHED',
    'CLOSE_WAIT',
    'EADDRINUSE',
    'succeeds',
  ])
})
