/** A producer and a consumer process over one ring in a System V segment. */
import { layRing, ringBytes } from '../../ipc/shared-ring/layout.js'
import { attachSegment } from '../../ipc/sysv-shm.js'
import { readSegment } from '../../proc/sysvipc-shm.js'
import type { Demo } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import { countReceived } from './count-received.js'
import { makePrivateSegment, requireSegments, showSegment } from './segment.js'

export interface ShmRingOptions {
  messages: number
  /** Bytes of each message. */
  size: number
}

/** Bytes of the ring's data area when the messages are small: a fast producer meets a full ring. */
const smallest = 1024

export function shmRing({ messages, size }: ShmRingOptions): Demo {
  return async (stage) => {
    requireSegments('shm ring')
    // A power of two that holds the message and its length.
    const capacity = Math.max(smallest, 2 ** Math.ceil(Math.log2(size + 8)))
    const bytes = ringBytes(capacity)
    const segment = makePrivateSegment(stage, bytes)
    // Detached when this process ends, so that nobody can touch it afterwards.
    layRing(attachSegment(segment, bytes).memory, capacity)
    const config = { memory: { segment, size: bytes }, size, messages }
    const consumer = await stage.start({ program: 'ring-consumer', name: 'consumer', config })
    await consumer.until('call')
    await seeWait(stage, {
      pid: consumer.id,
      tid: consumer.id,
      calls: ['futex'],
      id: 'shm/ring-consumer-sleeps-when-empty',
      claim: 'a consumer of an empty ring sleeps in the kernel, in futex(2)',
    })
    const producer = await stage.start({ program: 'ring-producer', name: 'producer', config })
    const both = await stage.poll(() => readSegment(segment)?.attached === 3)
    showSegment(stage, segment, `the segment with a ring of ${capacity} bytes`)
    stage.claim(
      'shm/several-processes-attach-one-segment',
      'producer, consumer and this process have the segment attached: they share it',
      both !== undefined,
    )
    producer.tell('begin')
    await Promise.all([consumer.ended, producer.ended])
    stage.claim(
      'shm/ring-keeps-messages-in-order',
      `all ${messages} messages of ${size} bytes came through the ring, in order and unchanged`,
      countReceived(consumer) === messages,
    )
  }
}
