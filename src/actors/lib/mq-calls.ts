/** Sends to and receives from a queue that other programs use too, and reports a call that waits for long. */
import { DemoFailed, OsdemoError } from '../../errors.js'
import { now, type Say } from '../../events.js'
import { identityOf, isReady, type Queue, type QueueIdentity } from '../../ipc/open-mq.js'
import { openQueue } from '../../ipc/posix-mq.js'

export interface MqConfig {
  name: string
  /** The queue that the supervisor has found or created with this name. */
  identity: QueueIdentity
  /** Fail with EAGAIN instead of waiting. */
  nonblocking: boolean
}

/** A queue opened twice: a call on `now` fails with EAGAIN where a call on `waiting` would block. */
export interface OpenedTwice {
  purpose: 'read' | 'write'
  now: Queue
  waiting: Queue
}

/** How long a call may take before it is reported as waiting, in milliseconds. */
const patience = 1000

/** @throws SystemCallError as `openQueue`; DemoFailed when the name belongs to another queue now */
export function openTwice({ name, identity }: MqConfig, purpose: 'read' | 'write'): OpenedTwice {
  const open = (nonblocking: boolean) => {
    const queue = openQueue(name, purpose, { nonblocking })
    const { dev, ino } = identityOf(queue)
    if (dev === identity.dev && ino === identity.ino) return queue
    throw new DemoFailed(`another process has replaced the queue ${name}`, { hint: 'Run the command again.' })
  }
  return { purpose, now: open(true), waiting: open(false) }
}

/**
 * Makes a call. Where it would block, it first polls for a second, so that a short wait is not reported. Then it reports the
 * call and blocks in it, with the whole process.
 *
 * @param before called before the report
 */
export function callPatiently<T>(
  say: Say,
  { purpose, now: queue, waiting }: OpenedTwice,
  call: (queue: Queue) => T,
  before: () => unknown,
): T {
  for (let since: number | undefined; ; ) {
    try {
      return call(queue)
    } catch (error) {
      if (!isEagain(error)) throw error
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

export function isEagain(error: unknown): boolean {
  return error instanceof OsdemoError && error.errno === 'EAGAIN'
}
