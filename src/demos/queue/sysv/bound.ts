/** The bound of a queue, msg_qbytes: what a sender does when the queue has no room. */
import { queueBytes, setQueueBytes } from '../../../ipc/sysv-msg.js'
import type { Stage } from '../../../run/stage.js'
import { seeWait } from '../../shared/claim-waiting.js'
import { showMessageQueue } from '../keyed-queue.js'
import { begin, call, enough, type Parties } from './parties.js'

export const bound = 64

/** Four messages fill the queue. No message of the demo is longer. */
export const messageBytes = 16
const textOf = (number: number) => `${number}: 16 bytes long`
const fitting = 4

export async function showBound(stage: Stage, { id, sender, receiver }: Parties): Promise<void> {
  setQueueBytes(id, bound)
  stage.evidence('msgctl(2)', `msg_qbytes ${queueBytes(id)}`, 'set with IPC_SET', {
    data: { capacity: queueBytes(id) },
  })
  const send = (number: number) => ({ call: 'msgsnd', text: textOf(number), type: 1 }) as const
  for (let number = 0; number < fitting; number++) await call(sender, send(number))
  const refused = await call(sender, { ...send(fitting), nonblocking: true })
  const full = showMessageQueue(stage, id, 'the queue is full')
  stage.claim(
    'queue/bytes-are-bounded',
    `A queue is bounded in bytes, by msg_qbytes: it contains ${full?.bytes} of ${bound}.`,
    full?.bytes === bound && queueBytes(id) === bound,
  )
  stage.evidence('errno', refused.errno ?? '0', 'msgsnd(2) with IPC_NOWAIT')
  stage.claim(
    'queue/nowait-send-is-refused-at-bound',
    'With IPC_NOWAIT, msgsnd(2) to a full queue fails with EAGAIN.',
    refused.errno === 'EAGAIN',
  )
  const waiting = begin(sender, { ...send(fitting), waits: true })
  await seeWait(stage, {
    pid: sender.id,
    tid: sender.id,
    calls: ['msgsnd'],
    hasReturned: waiting.hasReturned,
    id: 'queue/sender-blocks-at-bound',
    claim: 'Without IPC_NOWAIT, a sender blocks in msgsnd(2) while the queue is full.',
  })
  const wasWaiting = !waiting.hasReturned()
  await call(receiver, { call: 'msgrcv', type: 0, size: enough, nonblocking: true })
  const { errno } = await waiting.returned
  const again = showMessageQueue(stage, id, 'after one message was received')
  stage.claim(
    'queue/receive-makes-room-at-bound',
    'A receive makes room: the blocked sender continues, and the queue is full again.',
    wasWaiting && errno === undefined && again?.bytes === bound,
  )
  for (let number = 0; number < fitting; number++)
    await call(receiver, { call: 'msgrcv', type: 0, size: enough, nonblocking: true })
}
