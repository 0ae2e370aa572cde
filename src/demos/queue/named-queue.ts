/** A POSIX queue with a name, for processes in different terminals: found or created, and removed by its last user. */
import { fstatSync } from 'node:fs'
import { DemoFailed } from '../../errors.js'
import { isMarked } from '../../ipc/mark.js'
import { identityOf, isUnlinked, type Queue, type QueueIdentity } from '../../ipc/open-mq.js'
import { keepQueue, openIfThere } from '../../ipc/posix-mq.js'
import { readQueueLimits } from '../../proc/mqueue.js'
import { record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'
import { type Swept, sweepOwn } from '../../run/sweep.js'
import { quoted } from '../../shell-quote.js'
import { counted } from '../../text.js'
import { inUse } from '../shared/in-use.js'
import { watchRemoval } from '../shared/watch-removal.js'
import { makeRecordedQueue, requireQueues, showQueue } from './posix-queue.js'

/** The name that both terminals use by default. */
export const defaultName = '/osdemo'

/** The defaults of Linux for a queue that is created without attributes, mq_overview(7). The limits may be lower. */
const usualCapacity = 10
const usualMessageSize = 8192

export interface SharedQueue {
  /** Open nonblocking. */
  queue: Queue
  identity: QueueIdentity
  /** Whether no osdemo will remove it: another program created it, or a user asked to keep it. */
  stays(): boolean
  /** Makes it stay. */
  keep(): void
}

/** The command for this queue, such as `osdemo queue send`. */
export function words(command: 'send' | 'receive' | 'remove', name: string): string {
  return `osdemo queue ${command}${name === defaultName ? '' : ` --name ${quoted(name)}`}`
}

/**
 * Opens the queue with this name, or creates it, and keeps it open during the run. A queue that osdemo created is removed by
 * the osdemo process that uses it last, unless a user asked to keep it. A queue of another program is never removed.
 *
 * @throws SystemCallError, UsageError, Unavailable as `openQueue` and `makeQueue` of ipc
 */
export async function joinQueue(stage: Stage, name: string, purpose: 'read' | 'write'): Promise<SharedQueue> {
  requireQueues(`queue ${purpose === 'read' ? 'receive' : 'send'}`)
  for (;;) {
    const found = openIfThere(name, purpose)
    // `requireQueues` has checked that these limits can be read.
    const limits = readQueueLimits()!
    const made = found
      ? undefined
      : makeRecordedQueue(stage, name, {
          capacity: Math.min(usualCapacity, limits.capacity),
          messageSize: Math.min(usualMessageSize, limits.messageSize),
        })
    const queue = found ?? made?.queue
    // Another process created it between the two calls.
    if (!queue) continue
    const letGo = stage.scope.defer(() => {
      const { depth } = queue.attributes()
      queue.close()
      made?.entry.release()
      tellSwept(stage, name, depth, sweepOwn())
    })
    // Another osdemo removed it: it had looked for users just before this process opened the queue.
    if (isUnlinked(queue)) {
      letGo()
      continue
    }
    watchRemoval(stage, `the queue ${name}`, () => isUnlinked(queue))
    showQueue(stage, queue, made ? 'the new queue' : 'the queue exists already')
    const identity = identityOf(queue)
    const stays = () => !isMarked(fstatSync(queue.fd))
    const keep = () => {
      if (stays()) return
      keepQueue(queue)
      // For `clean`, which names it.
      const entry = made?.entry ?? record('queue', name)
      entry.made(fstatSync(queue.fd).ino)
      entry.keep()
    }
    return { queue, identity, stays, keep }
  }
}

/** Reports what a sweep removed, and of this queue how many messages were lost with it, or which processes use it still. */
function tellSwept({ say }: Stage, name: string, depth: number, swept: Swept[]): void {
  for (const { kind, name: id, users } of swept) {
    const isThis = kind === 'queue' && id === name
    if (users.length === 0) say({ event: 'removed', kind, id })
    if (users.length === 0 && isThis && depth > 0)
      say({
        event: 'note',
        text: `Removed queue ${id} with ${counted(depth, 'message')} that no process had received.`,
        role: 'closing',
      })
    if (users.length > 0 && isThis)
      say({ event: 'note', text: `Queue ${id} stays: ${inUse(users)}.`, role: 'aside' })
  }
}

/** Milliseconds between two looks at a queue that no process empties for long: a run that waits must wake up rarely. */
const longestPause = 500

/** Waits until the queue is empty. @throws DemoFailed when another process removes the queue before */
export async function waitUntilTaken(stage: Stage, { queue }: SharedQueue): Promise<void> {
  const depth = () => queue.attributes().depth
  if (depth() === 0) return
  stage.note(`Waiting for a receiver. In another terminal: ${words('receive', queue.name)}`, 'next')
  for (let pause = 5; depth() > 0 && !isUnlinked(queue); pause = Math.min(2 * pause, longestPause))
    await stage.pause(pause)
  const left = depth()
  if (left === 0) return
  throw new DemoFailed(
    `another process removed the queue ${queue.name} with ${counted(left, 'message')} in it`,
    { hint: 'Send the messages again.' },
  )
}
