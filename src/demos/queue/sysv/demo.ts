/** System V message queues: types and selective receive, buffers, the bound in bytes, and removal. */

import { Unavailable } from '../../../errors.js'
import type { Demo } from '../../../run/stage.js'
import { requireProc } from '../../shared/require-proc.js'
import { channelOf, makePrivateMessageQueue, requireMessageQueues } from '../keyed-queue.js'
import { bound, messageBytes, showBound } from './bound.js'
import { showBuffers } from './buffers.js'
import { showRemoval } from './removal.js'
import { showTypes } from './types.js'

export const sysvQueueDemo: Demo = async (stage) => {
  requireProc('queue demo --kind sysv')
  const { longest, bytes } = requireMessageQueues('queue demo --kind sysv')
  if (longest < messageBytes || bytes < bound) {
    throw new Unavailable(
      `queue demo --kind sysv needs kernel.msgmax of ${messageBytes} and kernel.msgmnb of ${bound} bytes or more`,
      'Raise the limits as root: sysctl kernel.msgmax=8192 kernel.msgmnb=16384',
    )
  }
  stage.note(
    'Each message in a System V queue has a type, and a receiver chooses by it. ' +
      'Watch which message each msgrcv(2) returns, and which call waits.',
    'opening',
  )
  const { id, remove } = makePrivateMessageQueue(stage)
  const config = { id, channel: channelOf({ key: 0, id }) }
  const start = (name: string) => stage.start({ program: 'message-user', name, config })
  const [sender, receiver] = await Promise.all([start('sender'), start('receiver')])
  const parties = { id, sender, receiver }
  await showTypes(stage, parties)
  await showBuffers(stage, parties)
  await showBound(stage, parties)
  await showRemoval(stage, parties, remove)
  for (const actor of [sender, receiver]) actor.tell('end')
  await Promise.all([sender.ended, receiver.ended])
  stage.note(
    'A type selects messages within one queue, so several receivers can share it. ' +
      'The queue and its messages stay in the kernel until a process removes the queue.',
    'closing',
  )
  stage.note(
    'Next: `osdemo queue receive --kind sysv --type 3`, and `osdemo why PID` for the receiver that waits.',
    'next',
  )
}
