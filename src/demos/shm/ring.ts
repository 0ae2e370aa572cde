/** A producer and a consumer process share one ring buffer in a System V segment. */
import { indicesOf, layRing, ringBytes } from '../../ipc/shared-ring/layout.js'
import { attachSegment } from '../../ipc/sysv-shm.js'
import { readSegment } from '../../proc/sysvipc-shm.js'
import type { Demo } from '../../run/stage.js'
import { counted } from '../../text.js'
import { lastCallReturned, seeWait } from '../shared/claim-waiting.js'
import { requireProc } from '../shared/require-proc.js'
import { countReceived } from './count-received.js'
import { makePrivateSegment, requireSegments, showSegment } from './segment.js'

export interface ShmRingOptions {
  messages: number
  /** Bytes of each message. */
  size: number
}

/** Bytes of the ring buffer's data area when the messages are small: so small that a fast producer fills it. */
const smallest = 1024

export function shmRing({ messages, size }: ShmRingOptions): Demo {
  return async (stage) => {
    requireProc('shm ring')
    requireSegments('shm ring')
    stage.note(
      'Processes can pass messages through shared memory, without a system call per message. ' +
        'They need one only to sleep: watch the consumer block on the empty ring buffer.',
      'opening',
    )
    // A power of two, as the layout requires, with room for a message and its length.
    const capacity = Math.max(smallest, 2 ** Math.ceil(Math.log2(size + 8)))
    const bytes = ringBytes(capacity)
    const segment = makePrivateSegment(stage, bytes)
    // Never detached: the code of an aborted demo may still touch this memory, and would be killed by SIGSEGV.
    const { memory } = attachSegment(segment, bytes)
    layRing(memory, capacity)
    const config = { memory: { segment, size: bytes }, size, messages }
    const consumer = await stage.start({ program: 'ring-consumer', name: 'consumer', config })
    await consumer.until('call')
    await seeWait(stage, {
      pid: consumer.id,
      tid: consumer.id,
      calls: ['futex'],
      hasReturned: () => lastCallReturned(consumer),
      id: 'shm/ring-consumer-sleeps-when-empty',
      claim: `A consumer of an empty ring buffer blocks in futex(2): pid ${consumer.id} waits for a message.`,
    })
    const producer = await stage.start({ program: 'ring-producer', name: 'producer', config })
    const both = await stage.poll(() => readSegment(segment)?.attached === 3)
    showSegment(stage, segment, `the ring buffer has ${capacity} of the bytes`)
    stage.claim(
      'shm/several-processes-attach-one-segment',
      'Several processes can attach one segment: producer, consumer and osdemo share it.',
      both !== undefined,
    )
    producer.tell('begin')
    await Promise.all([consumer.ended, producer.ended])
    const { tail, head } = indicesOf(memory)
    stage.evidence('the ring buffer', `${tail} bytes written, ${head} bytes read`, 'since the beginning', {
      data: { capacity, tail, head, messages },
    })
    const received = countReceived(consumer)
    stage.claim(
      'shm/ring-keeps-messages-in-order',
      `A ring buffer keeps messages in order: ${received} of ${counted(messages, 'message')} arrived unchanged.`,
      received === messages,
    )
    stage.note(
      'Shared memory is fast, because the messages never pass through the kernel. The kernel is needed only where one process has to wait for the other.',
      'closing',
    )
    stage.note('Next: `osdemo queue` passes messages through a queue that the kernel keeps.', 'next')
  }
}
