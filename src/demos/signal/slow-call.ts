/** A handler that runs while the process is blocked in read(2). */
import { constants } from 'node:os'
import type { WaitingThread } from '../../proc/task.js'
import type { Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import { sendSignal } from '../process/send-signal.js'
import { blockedThread, showWait } from '../shared/claim-waiting.js'
import { type Receiver, settled } from './receiver.js'

export async function showSlowCall(stage: Stage, receiver: Receiver): Promise<void> {
  const plain = await interruptRead(stage, receiver)
  stage.claim(
    'signal/handler-interrupts-slow-call',
    'A handler interrupts a slow call: read(2) returned -1 with EINTR.',
    plain.result === -1 && plain.errno === constants.errno.EINTR && plain.runs === 1,
  )
  stage.note('Now the handler has the flag SA_RESTART.')
  const restarted = await interruptRead(stage, receiver)
  stage.claim(
    'signal/sa-restart-continues-slow-call',
    'With SA_RESTART the call continues after the handler: read(2) returned the next line.',
    restarted.result === 'hello\n'.length && restarted.runs === 1,
  )
}

/** Sends SIGUSR1 to the receiver while it is blocked in read(2), and then the line that it reads. */
async function interruptRead(stage: Stage, receiver: Receiver) {
  receiver.tell('next step')
  await receiver.line(/^reading$/)
  await settled(stage, receiver)
  showRead(stage, receiver, blockedThread(receiver.id, 'read'))
  sendSignal(stage, receiver, 'SIGUSR1')
  await settled(stage, receiver)
  const after = blockedThread(receiver.id, 'read')
  receiver.tell('hello')
  const [result = 0, errno = 0] = (await receiver.line(/^read returned (-?\d+) errno (\d+)$/)).map(Number)
  const runs = (await receiver.report()).length
  // After an error, the receiver has called read(2) again, for its next step.
  if (errno === 0) showRead(stage, receiver, after)
  const outcome =
    errno === 0
      ? `read(2) = ${result}`
      : `read(2) = -1 ${errno === constants.errno.EINTR ? 'EINTR' : `errno ${errno}`}`
  stage.evidence(`stdout of pid ${receiver.id}`, outcome, `${counted(runs, 'run')} of the handler`, {
    data: { result, errno, runs },
  })
  return { result, errno, runs }
}

/** Shows that the receiver is blocked, where this user may see its system call. */
function showRead(stage: Stage, { id }: Receiver, thread: WaitingThread | undefined): void {
  if (thread) showWait(stage, id, thread)
}
