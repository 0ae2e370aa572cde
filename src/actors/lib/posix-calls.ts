/** Sends to and receives from a POSIX queue that other programs use too, and reports a call that waits for long. */
import { DemoFailed } from '../../errors.js'
import { now } from '../../events.js'
import { identityOf, isReady, type Queue, type QueueIdentity } from '../../ipc/open-mq.js'
import { openQueue } from '../../ipc/posix-mq.js'
import { counted } from '../../text.js'
import { type Received, type ReceivingEnd, type Reporter, type SendingEnd, wouldWait } from './queue-end.js'

export interface PosixQueue {
  kind: 'posix'
  name: string
  identity: QueueIdentity
  /** Of the messages that are sent. */
  priority: number
}

/** A queue opened twice: a call on `now` fails with EAGAIN where a call on `waiting` would block. */
interface OpenedTwice {
  purpose: 'read' | 'write'
  now: Queue
  waiting: Queue
}

/** How long a call may take before it is reported as waiting, in milliseconds. */
const patience = 1000

/** @throws SystemCallError as `openQueue`; DemoFailed when the name belongs to another queue now */
function openTwice({ name, identity }: PosixQueue, purpose: 'read' | 'write'): OpenedTwice {
  const open = (nonblocking: boolean) => {
    const queue = openQueue(name, purpose, { nonblocking })
    const { dev, ino } = identityOf(queue)
    if (dev === identity.dev && ino === identity.ino) return queue
    throw new DemoFailed(`another process has replaced the queue ${name}`, { hint: 'Run the command again.' })
  }
  return { purpose, now: open(true), waiting: open(false) }
}

export function posixSender(config: PosixQueue): SendingEnd {
  const { name, priority } = config
  const queue = openTwice(config, 'write')
  const { messageSize, capacity } = queue.now.attributes()
  return {
    channel: name,
    label: `queue ${name}`,
    call: 'mq_send',
    longest: messageSize,
    extra: { priority },
    fill: () => `${capacity} of ${counted(capacity, 'message')}`,
    sendNow: (message) => queue.now.send(message, priority),
    send(message, reporter) {
      let begin = 0
      callPatiently(reporter, queue, (end) => {
        begin = now()
        end.send(message, priority)
      })
      return begin
    },
  }
}

export function posixReceiver(config: PosixQueue & { report: boolean }): ReceivingEnd {
  const { name, report } = config
  const queue = openTwice(config, 'read')
  const receive = (end: Queue): Received => {
    // One that was there before the call has the time when the call began: a sender that waits for its place may report its
    // return before this process reports the message.
    const at = report && end.attributes().depth > 0 ? now() : undefined
    const { message, priority } = end.receive()
    return { message, extra: { priority }, at }
  }
  return {
    channel: name,
    label: `queue ${name}`,
    call: 'mq_receive',
    lack: `the queue ${name} is empty`,
    receiveNow: () => receive(queue.now),
    receive: (reporter) => callPatiently(reporter, queue, receive),
  }
}

/**
 * Makes a call. Where it would block, it first polls for a second, so that a short wait is not reported. Then it reports the
 * call and blocks in it, with the whole process.
 */
function callPatiently<T>(
  { say, before }: Reporter,
  { purpose, now: queue, waiting }: OpenedTwice,
  call: (queue: Queue) => T,
): T {
  for (let since: number | undefined; ; ) {
    try {
      return call(queue)
    } catch (error) {
      if (!wouldWait(error)) throw error
    }
    since ??= now()
    if (isReady(queue, purpose, patience)) continue
    before()
    const [name, about] = purpose === 'read' ? ['mq_receive', 'empty'] : ['mq_send', 'full']
    const wait = { event: 'call', call: name, object: `queue ${queue.name} (${about})` } as const
    say({ ...wait, phase: 'begin' }, since)
    const result = call(waiting)
    say({ ...wait, phase: 'end' })
    return result
  }
}
