/** A receiver that waits for a type, and what the removal of the queue does to it. */
import { messageTypes } from '../../../ipc/sysv-msg.js'
import type { Stage } from '../../../run/stage.js'
import { seeWait } from '../../shared/claim-waiting.js'
import { showMessageQueue } from '../keyed-queue.js'
import { begin, call, enough, type Parties } from './parties.js'

/** The type that lies in the queue, and the one that the receiver wants. */
const [there, wanted] = [3, 9]

export async function showRemoval(
  stage: Stage,
  { id, sender, receiver }: Parties,
  remove: () => void,
): Promise<void> {
  stage.note(`The queue contains a message of type ${there}, and the receiver asks for type ${wanted}.`)
  await call(sender, { call: 'msgsnd', text: 'F', type: there })
  const ask = { call: 'msgrcv', type: wanted, size: enough, waits: true } as const
  const waiting = begin(receiver, ask)
  const types = messageTypes(id, 1, enough).map(Number)
  if (types.length > 0)
    stage.evidence(
      'msgrcv(2) with MSG_COPY',
      `type ${types.join(', ')}`,
      'the type of what the queue contains',
      {
        data: { types, wanted },
      },
    )
  await seeWait(stage, {
    pid: receiver.id,
    tid: receiver.id,
    calls: ['msgrcv'],
    hasReturned: waiting.hasReturned,
    id: 'queue/receiver-waits-for-its-type',
    claim: 'A receiver waits for its type, whatever else the queue contains.',
  })
  await call(sender, { call: 'msgsnd', text: 'G', type: wanted })
  const { message } = await waiting.returned
  const left = showMessageQueue(stage, id, `type ${there} is left`)
  stage.claim(
    'queue/message-of-type-wakes-receiver',
    'A message of its type wakes the receiver, which takes it before all others.',
    message?.text === 'G' && left?.messages === 1,
  )
  const again = begin(receiver, ask)
  await stage.poll(() => again.isAsleep() || again.hasReturned())
  stage.note('The queue is removed while the receiver waits again.')
  remove()
  const { errno } = await again.returned
  stage.evidence('errno', errno ?? '0', 'msgrcv(2) of the receiver')
  stage.claim(
    'queue/removal-wakes-receiver',
    'The removal of a queue wakes the processes that wait for it: msgrcv(2) fails with EIDRM.',
    errno === 'EIDRM',
  )
}
