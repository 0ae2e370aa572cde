/** What happens to a process when a signal arrives. A C program receives them, because Node handles some signals itself. */
import { constants } from 'node:os'
import { isAlive } from '../../proc/stat.js'
import { readSignalSet, signalsIn } from '../../proc/status.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import { sendSignal } from '../process/send-signal.js'
import { requireProc } from '../shared/require-proc.js'
import { signalName } from '../shared/signal-name.js'
import { showBlocked } from './blocked.js'
import { showChildren } from './children.js'
import { type Delivery, hasSignal, type Receiver, showSets, startReceiver } from './receiver.js'
import { showSlowCall } from './slow-call.js'

const { SIGUSR1, SIGKILL, SIGSTOP } = constants.signals

/** How long the end of the receiver may take, in milliseconds. */
const patience = 10_000

export const signalDemo: Demo = async (stage) => {
  requireProc('signal demo')
  stage.note(
    'A process chooses what a signal does: its default action, a handler, or nothing. ' +
      'Watch the sets of signals in /proc/PID/status.',
    'opening',
  )
  const receiver = await startReceiver(stage)
  await showDefaultAction(stage, receiver)
  await showHandler(stage, receiver)
  await showBlocked(stage, receiver)
  await showSlowCall(stage, receiver)
  await showChildren(stage, receiver)
  await showKillAndStop(stage, receiver)
  stage.note(
    'A signal says that something happened, and not how often. ' +
      'So a handler for SIGCHLD needs a loop: it reaps until no zombie is left.',
    'closing',
  )
  stage.note('Next: `osdemo signal wait` prints the signals that you send from another terminal.', 'next')
}

async function showDefaultAction(stage: Stage, receiver: Receiver): Promise<void> {
  receiver.tell('next step')
  const [child = 0] = (await receiver.line(/^child (\d+)$/)).map(Number)
  stage.say({ event: 'started', child, name: 'child', kind: 'process', parent: receiver.id })
  showSets(stage, child, ['SigCgt'])
  stage.note('The child has no handler for SIGUSR1.')
  sendSignal(stage, { id: child, name: 'child' }, 'SIGUSR1')
  // The outcome does not depend on this wait: the kernel decides what kills a process when the signal is sent.
  await stage.poll(() => !isAlive(child), 500)
  receiver.tell('next step')
  const [signal = 0] = (await receiver.line(/^child was killed by signal (\d+)$/)).map(Number)
  stage.say({
    event: 'exited',
    child,
    name: 'child',
    kind: 'process',
    code: null,
    signal: signalName(signal),
  })
  stage.claim(
    'signal/default-action-terminates',
    'The default action of most signals terminates the process: SIGUSR1 killed the child.',
    signal === SIGUSR1,
  )
}

async function showHandler(stage: Stage, receiver: Receiver): Promise<void> {
  receiver.tell('next step')
  await receiver.line(/^has handlers$/)
  stage.note('The receiver has handlers now, and ignores SIGUSR2.')
  showSets(stage, receiver.id, ['SigCgt'])

  const isCaught = hasSignal(receiver.id, 'SigCgt', 'SIGUSR1')
  sendSignal(stage, receiver, 'SIGUSR1')
  receiver.tell('next step')
  const handled = await receiver.report()
  showRuns(stage, receiver, handled, 'after one SIGUSR1')
  stage.claim(
    'signal/handler-replaces-default-action',
    'A handler runs in place of the default action: the receiver handled SIGUSR1 and continues.',
    isCaught &&
      handled.length === 1 &&
      handled.every(({ signal, from }) => signal === SIGUSR1 && from === process.pid) &&
      isAlive(receiver.id),
  )

  sendSignal(stage, receiver, 'SIGUSR2')
  const isPending = hasSignal(receiver.id, 'ShdPnd', 'SIGUSR2')
  showSets(stage, receiver.id, ['SigIgn', 'ShdPnd'])
  receiver.tell('next step')
  const ignored = await receiver.report()
  showRuns(stage, receiver, ignored, 'after one SIGUSR2')
  stage.claim(
    'signal/ignored-is-discarded',
    'The kernel discards an ignored signal: SIGUSR2 is not pending, and no handler ran.',
    hasSignal(receiver.id, 'SigIgn', 'SIGUSR2') && !isPending && ignored.length === 0 && isAlive(receiver.id),
  )
}

/** Shows how often the handler ran. */
function showRuns(stage: Stage, { id }: Receiver, deliveries: Delivery[], about: string): void {
  const runs = `${counted(deliveries.length, 'run')} of the handler`
  stage.evidence(`stdout of pid ${id}`, runs, about, {
    data: deliveries.map((delivery) => ({ ...delivery })),
  })
}

async function showKillAndStop(stage: Stage, receiver: Receiver): Promise<void> {
  receiver.tell('next step')
  const attempt = async () => (await receiver.line(/^sigaction (\d+) errno (\d+)$/)).map(Number)
  const attempts = [await attempt(), await attempt()]
  for (const [signal = 0, errno = 0] of attempts) {
    const name = errno === constants.errno.EINVAL ? 'EINVAL' : `errno ${errno}`
    stage.evidence(`sigaction(2) of pid ${receiver.id}`, name, `a handler for ${signalName(signal)}`, {
      data: { signal, errno },
    })
  }
  stage.claim(
    'signal/kill-and-stop-cannot-be-caught',
    'No process can have a handler for SIGKILL or SIGSTOP: sigaction(2) fails with EINVAL.',
    attempts.map(([signal]) => signal).join() === `${SIGKILL},${SIGSTOP}` &&
      attempts.every(([, errno]) => errno === constants.errno.EINVAL),
  )

  await receiver.line(/^blocks all$/)
  stage.note('The receiver blocks all signals that it can.')
  const blocked = signalsIn(readSignalSet(receiver.id, 'SigBlk') ?? 0n)
  showSets(stage, receiver.id, ['SigBlk'], 'all but SIGKILL and SIGSTOP, and two of the C library')
  sendSignal(stage, receiver, 'SIGTERM')
  const isPending = hasSignal(receiver.id, 'ShdPnd', 'SIGTERM')
  showSets(stage, receiver.id, ['ShdPnd'])
  sendSignal(stage, receiver, 'SIGKILL')
  const ending = await stage.poll(() => receiver.ending(), patience)
  stage.claim(
    'signal/kill-and-stop-cannot-be-blocked',
    'No process can block SIGKILL or SIGSTOP: SIGTERM stayed pending, and SIGKILL killed the receiver.',
    isPending && !blocked.includes(SIGKILL) && !blocked.includes(SIGSTOP) && ending?.signal === 'SIGKILL',
  )
}
