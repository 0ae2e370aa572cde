/** A POSIX queue with a name, for processes in different terminals: found or created, and removed by its last user. */
import { fstatSync } from 'node:fs'
import { isMarked } from '../../ipc/mark.js'
import { identityOf, isUnlinked } from '../../ipc/open-mq.js'
import { keepQueue, openIfThere } from '../../ipc/posix-mq.js'
import { readQueueLimits } from '../../proc/mqueue.js'
import { record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'
import { watchRemoval } from '../shared/watch-removal.js'
import { makeRecordedQueue, requireQueues, showQueue } from './posix-queue.js'
import { type SharedQueue, sweepAndTell } from './shared-queue.js'

/** The defaults of Linux for a queue that is created without attributes, mq_overview(7). The limits may be lower. */
const usualCapacity = 10
const usualMessageSize = 8192

/**
 * Opens the queue with this name, or creates it, and keeps it open during the run. A queue that osdemo created is removed by
 * the osdemo process that uses it last, unless a user asked to keep it. A queue of another program is never removed.
 *
 * @param priority of the messages that are sent
 * @throws SystemCallError, UsageError, Unavailable as `openQueue` and `makeQueue` of ipc
 */
export function joinQueue(stage: Stage, name: string, purpose: 'read' | 'write', priority = 0): SharedQueue {
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
    const depth = () => queue.attributes().depth
    const letGo = stage.scope.defer(() => {
      const left = depth()
      queue.close()
      made?.entry.release()
      sweepAndTell(stage, name, left)
    })
    // Another osdemo removed it: it had looked for users just before this process opened the queue.
    if (isUnlinked(queue)) {
      letGo()
      continue
    }
    watchRemoval(stage, `the queue ${name}`, () => isUnlinked(queue))
    showQueue(stage, queue, made ? 'the new queue' : 'the queue exists already')
    const stays = () => !isMarked(fstatSync(queue.fd))
    const keep = () => {
      if (stays()) return
      keepQueue(queue)
      // For `clean`, which names it.
      const entry = made?.entry ?? record('queue', name)
      entry.made(fstatSync(queue.fd).ino)
      entry.keep()
    }
    return {
      config: { kind: 'posix', name, identity: identityOf(queue), priority },
      longest: queue.attributes().messageSize,
      depth,
      isTaken: () => depth() === 0,
      isGone: () => isUnlinked(queue),
      stays,
      keep,
    }
  }
}
