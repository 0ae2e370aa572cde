/** Claims of `queue demo --kind sysv` that come out false, because of another C library, or another process. */
import { describe } from 'vitest'
import { sysvQueueDemo } from '../../src/demos/queue/sysv/demo.js'
import { receiveMessage, sendMessage, setQueueBytes } from '../../src/ipc/sysv-msg.js'
import { falsify } from '../support/falsify.js'
import { liars, playedWith } from '../support/impostors.js'
import { meddled } from '../support/meddle.js'
import { perform } from '../support/perform.js'
import { withNatives } from '../support/segments.js'

/** A msgrcv(2) that takes any message, and always cuts it: MSG_NOERROR. */
const anyMessage = `(prototype, call) =>
  prototype.includes(' msgrcv(') ? (id, message, size, type, flags) => call(id, message, size, 0, flags | 0o10000) : call`

describe.runIf(process.platform === 'linux')('System V queues', () => {
  falsify(
    [
      'queue/type-takes-first-of-type',
      'queue/negative-type-takes-lowest',
      'queue/type-zero-takes-first',
      'queue/short-buffer-leaves-message',
      'queue/noerror-cuts-message',
      'queue/receiver-waits-for-its-type',
      'queue/message-of-type-wakes-receiver',
    ],
    'the receiver takes any message, and cuts it',
    () => playedWith(liars({ 'message-user': withNatives(anyMessage) }), ['queue', '--kind', 'sysv']),
  )

  falsify(
    [
      'queue/types-keep-their-order',
      'queue/kernel-lists-messages-and-last-users',
      'queue/bytes-are-bounded',
      'queue/nowait-send-is-refused-at-bound',
      'queue/sender-blocks-at-bound',
      'queue/receive-makes-room-at-bound',
      'queue/removal-wakes-receiver',
    ],
    'another process sends a message again, raises the bound, and sends what the receiver waits for',
    async () => {
      let id = 0
      const { events } = await perform(
        meddled(sysvQueueDemo, (fact) => {
          if (fact.event === 'created') id = Number(fact.id.replace('id ', ''))
          if (fact.event === 'evidence' && fact.about.startsWith('as ipcs')) {
            // A was the first message of type 2.
            const again = receiveMessage(id, { type: 2n, size: 100, nonblocking: true })
            sendMessage(id, again)
          }
          if (fact.event === 'evidence' && fact.source === 'msgctl(2)') setQueueBytes(id, 16_384)
          if (fact.event === 'claim' && fact.id === 'queue/message-of-type-wakes-receiver')
            sendMessage(id, { type: 9n, message: Buffer.from('early') })
        }),
      )
      return events
    },
  )
})
