/** Signals that arrive while the process blocks them. */
import { constants } from 'node:os'
import type { Stage } from '../../run/stage.js'
import { signalName } from '../shared/signal-name.js'
import { hasSignal, type Receiver, showSets } from './receiver.js'

const { SIGUSR1 } = constants.signals

/** Another process sends three SIGUSR1 and three real-time signals, and then the receiver unblocks them. */
export async function showBlocked(stage: Stage, receiver: Receiver): Promise<void> {
  receiver.tell('next step')
  const [sender = 0, realTime = 0] = (await receiver.line(/^sender (\d+) sent SIGRTMIN (\d+)$/)).map(Number)
  stage.note(
    `The receiver blocks three signals. Process ${sender} has sent three SIGUSR1 with kill(2). ` +
      'It has also sent three SIGRTMIN with sigqueue(3).',
  )
  stage.note('The receiver has sent SIGHUP to its own thread.')
  showSets(stage, receiver.id, ['SigBlk', 'SigPnd', 'ShdPnd'])
  const isPending = hasSignal(receiver.id, 'ShdPnd', 'SIGUSR1')
  const sets = ['ShdPnd', 'SigPnd'] as const
  const hangup = sets.filter((field) => hasSignal(receiver.id, field, 'SIGHUP'))

  receiver.tell('next step')
  const early = await receiver.report()
  stage.claim(
    'signal/blocked-stays-pending',
    'A blocked signal stays pending: SIGUSR1 was sent, and the handler has not run.',
    isPending && early.length === 0,
  )
  stage.claim(
    'signal/thread-has-its-own-pending-set',
    'A signal is pending for one thread (SigPnd) or for the whole process (ShdPnd).',
    hangup.join() === 'SigPnd',
  )

  stage.note('The receiver unblocks its signals, and the handler runs.')
  const deliveries = await receiver.report()
  const times = (wanted: number) => deliveries.filter(({ signal }) => signal === wanted)
  const standard = times(SIGUSR1)
  const queued = times(realTime)
  stage.evidence(
    `stdout of pid ${receiver.id}`,
    deliveries
      .map(({ signal, value }) => `${signalName(signal)}${value === 0 ? '' : ` ${value}`}`)
      .join(', '),
    'the runs of the handler, each with its value',
    { data: deliveries.map((delivery) => ({ ...delivery })) },
  )
  stage.claim(
    'signal/standard-signals-merge',
    'A standard signal is pending or not: three SIGUSR1 were delivered once.',
    standard.length === 1,
  )
  stage.claim(
    'signal/real-time-signals-queue',
    'Real-time signals form a queue: three were delivered three times, in order, with their values.',
    queued.map(({ value }) => value).join() === '1,2,3' && queued.every(({ from }) => from === sender),
  )
}
