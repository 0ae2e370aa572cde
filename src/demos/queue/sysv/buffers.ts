/** A message that is longer than the buffer of its receiver. */
import type { Stage } from '../../../run/stage.js'
import { showMessageQueue } from '../keyed-queue.js'
import { call, type Parties } from './parties.js'

const text = 'a long message'

/** Bytes of a buffer that is too small. */
const size = 6

export async function showBuffers(stage: Stage, { id, sender, receiver }: Parties): Promise<void> {
  stage.note(`The sender sends ${text.length} bytes, and the receiver has a buffer of ${size}.`)
  await call(sender, { call: 'msgsnd', text, type: 4 })
  const short = { call: 'msgrcv', type: 0, size, nonblocking: true } as const
  const { errno } = await call(receiver, short)
  const kept = showMessageQueue(stage, id, 'after msgrcv(2)')
  stage.evidence('errno', errno ?? '0', `msgrcv(2) of ${size} bytes`)
  stage.claim(
    'queue/short-buffer-leaves-message',
    'A message that is too long for the buffer stays in the queue: msgrcv(2) fails with E2BIG.',
    errno === 'E2BIG' && kept?.messages === 1 && kept.bytes === text.length,
  )
  const { message } = await call(receiver, { ...short, cut: true })
  const after = showMessageQueue(stage, id, 'after msgrcv(2) with MSG_NOERROR')
  stage.claim(
    'queue/noerror-cuts-message',
    'With MSG_NOERROR the receiver gets what fits, and the rest of the message is lost.',
    message?.text === text.slice(0, size) && after?.messages === 0,
  )
}
