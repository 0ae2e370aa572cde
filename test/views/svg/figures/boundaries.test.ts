/** The figure of the kinds of sockets. The test of `socket datagram` draws the one of a real run. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

test('each call is a frame with its bytes, and lost bytes follow it, also where claims did not hold', () => {
  const { events, say } = createTeller()
  const claim = (id: string, ...evidence: Data[]) => {
    for (const data of evidence)
      say('osdemo', 1, { event: 'evidence', source: 'recvmsg(2)', value: '', about: '', data })
    say('osdemo', 1, { event: 'claim', id, text: id, holds: false })
  }
  const small = { moment: 'small buffer', sent: ['first', 'other'], bytes: [3, 7] }
  claim('datagram/messages-keep-boundaries', 7, [3], { kind: 'datagram', moment: 'boundaries' })
  claim(
    'datagram/small-buffer-cuts-a-message',
    { ...small, kind: 'stream', texts: ['fir', 'stother'], cut: [false, false] },
    { ...small, kind: 'datagram', texts: ['fir', 'other'], cut: [true, false] },
  )
  claim('datagram/datagrams-have-no-end-of-file')
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-received')).toEqual([
    'datagram: ',
    'stream: fir stother',
    'datagram: fir/ other',
    'datagram: does not wait',
  ])
  expect(slide.match(/class="lost"/g)).toHaveLength(2)
})
