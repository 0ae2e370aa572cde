/** Sending to and receiving from a queue that other programs use too, with a word before it waits for long. */
import { DemoFailed, OsdemoError } from '../../errors.js'
import { now, type Say } from '../../events.js'
import { identityOf, isReady, type Queue, type QueueIdentity } from '../../ipc/open-mq.js'
import { openQueue } from '../../ipc/posix-mq.js'

export interface MqConfig {
  name: string
  /** Which queue the supervisor has found or made under this name. */
  identity: QueueIdentity
  /** Fail with EAGAIN instead of waiting. */
  nonblocking: boolean
}

/** A queue opened twice: a call on `now` fails with EAGAIN where one on `waiting` would wait in the kernel. */
export interface OpenedTwice {
  purpose: 'read' | 'write'
  now: Queue
  waiting: Queue
}

/** How long a call may take before we say that it waits, in milliseconds. */
const patience = 1000

/** @throws SystemCallError as `openQueue`; DemoFailed when another queue has this name by now */
export function openTwice({ name, identity }: MqConfig, purpose: 'read' | 'write'): OpenedTwice {
  const open = (nonblocking: boolean) => {
    const queue = openQueue(name, purpose, { nonblocking })
    const { dev, ino } = identityOf(queue)
    if (dev === identity.dev && ino === identity.ino) return queue
    throw new DemoFailed(`somebody has put another queue in the place of ${name}`, { hint: 'try again' })
  }
  return { purpose, now: open(true), waiting: open(false) }
}

/**
 * Makes a call. While it could not be made for a second, says that it waits and what for, and then waits in the call itself:
 * nothing waits without a word, and what comes soon is no story. It holds the whole process.
 *
 * @param before is done before it says so
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
    const about = purpose === 'read' ? 'is empty: waits for a message' : 'is full: waits for room'
    const name = purpose === 'read' ? 'mq_receive' : 'mq_send'
    const wait = { event: 'call', call: name, object: `the queue ${queue.name}, which ${about}` } as const
    say({ ...wait, phase: 'begin' }, since)
    const result = call(waiting)
    say({ ...wait, phase: 'end' })
    return result
  }
}

export function isEagain(error: unknown): boolean {
  return error instanceof OsdemoError && error.errno === 'EAGAIN'
}
