/** Which message msgrcv(2) returns: type 0, N and -N, and the order within a type. */
import type { Stage } from '../../../run/stage.js'
import { showMessageQueue } from '../keyed-queue.js'
import { call, enough, type Parties } from './parties.js'

/** The messages in the order in which they are sent. */
const messages: readonly [text: string, type: number][] = [
  ['A', 2],
  ['B', 3],
  ['C', 1],
  ['D', 2],
  ['E', 1],
]

export async function showTypes(stage: Stage, { id, sender, receiver }: Parties): Promise<void> {
  stage.note('The sender sends five messages of three types.')
  for (const [text, type] of messages) await call(sender, { call: 'msgsnd', text, type })
  const full = showMessageQueue(stage, id, 'as ipcs -q prints it')

  /** Receives one message. @returns its text */
  const receive = async (type: number) => {
    const { message, errno = '' } = await call(receiver, {
      call: 'msgrcv',
      type,
      size: enough,
      nonblocking: true,
    })
    const text = message?.text ?? errno
    const value = message ? `${text}, of type ${message.type}` : errno
    const data = { asked: type, text, type: Number(message?.type ?? 0) }
    stage.evidence('msgrcv(2)', value, `asked for type ${type}`, { data })
    return text
  }

  stage.claim(
    'queue/type-takes-first-of-type',
    'Type N takes the first message of that type: type 1 takes C, and leaves A and B before it.',
    (await receive(1)) === 'C',
  )
  stage.claim(
    'queue/negative-type-takes-lowest',
    'Type -N takes the first message of the lowest type up to N: -2 takes E, of type 1.',
    (await receive(-2)) === 'E',
  )
  const first = await receive(0)
  stage.claim(
    'queue/type-zero-takes-first',
    'Type 0 takes the first message of any type: A, which has waited longest.',
    first === 'A',
  )
  const second = await receive(2)
  stage.claim(
    'queue/types-keep-their-order',
    'Within a type the messages keep their order: of type 2, A came before D.',
    first === 'A' && second === 'D',
  )
  const left = showMessageQueue(stage, id, 'B is left')
  stage.claim(
    'queue/kernel-lists-messages-and-last-users',
    'The kernel lists how many messages and bytes a queue has, and which processes sent and received last.',
    full?.messages === messages.length &&
      left?.messages === 1 &&
      left.bytes === 1 &&
      left.lastSender === sender.id &&
      left.lastReceiver === receiver.id,
  )
  await receive(3)
}
