/** Removes a queue: the tool `queue remove`. */
import { DemoFailed, OsdemoError } from '../../errors.js'
import { identityOf, type Queue } from '../../ipc/open-mq.js'
import { openIfThere, unlinkQueue } from '../../ipc/posix-mq.js'
import { findMessageQueue, removeMessageQueue } from '../../ipc/sysv-msg.js'
import { holders } from '../../proc/fds.js'
import type { Demo, Stage } from '../../run/stage.js'
import { sweep } from '../../run/sweep.js'
import { counted } from '../../text.js'
import { inUse } from '../shared/in-use.js'
import { requireMessageQueues, showMessageQueue } from './keyed-queue.js'
import { requireQueues, showQueue } from './posix-queue.js'
import type { QueueChoice } from './shared-queue.js'

export function queueRemove(which: QueueChoice): Demo {
  return async (stage) => {
    if (which.kind === 'sysv') return removeKeyed(stage, which.key)
    const { name } = which
    requireQueues('queue remove')
    const queue = openToLook(name)
    const { depth, users } = queue ? lookAt(stage, queue) : { depth: 0, users: [] }
    unlinkQueue(name)
    stage.say({ event: 'removed', kind: 'queue', id: name })
    stage.note(`Removed queue ${name}${lost(depth)}.`, 'closing')
    if (users.length > 0) stage.note(`It exists until the last close(2): ${inUse(users)}.`, 'closing')
    // Deletes the record of a queue that was kept for the user: that queue is removed now.
    sweep()
  }
}

/** ` with 2 messages that no process had received` */
function lost(depth: number): string {
  return depth > 0 ? ` with ${counted(depth, 'message')} that no process had received` : ''
}

function removeKeyed(stage: Stage, key: number): void {
  requireMessageQueues('queue remove --kind sysv')
  const id = findMessageQueue(key, 'look')
  if (id === undefined)
    throw new DemoFailed(`there is no System V queue with key ${key}`, {
      hint: 'List the queues: osdemo queue list',
    })
  const depth = showMessageQueue(stage, id, 'before')?.messages ?? 0
  removeMessageQueue(id)
  stage.say({ event: 'removed', kind: 'queue', id: `${key}` })
  stage.note(`Removed queue ${key}${lost(depth)}.`, 'closing')
  sweep()
}

/** Undefined where this user may not receive from it. Its owner may remove it nevertheless. @throws DemoFailed when there is none */
function openToLook(name: string): Queue | undefined {
  try {
    const queue = openIfThere(name, 'read')
    if (queue) return queue
  } catch (error) {
    if (error instanceof OsdemoError && error.errno === 'EACCES') return undefined
    throw error
  }
  throw new DemoFailed(`there is no queue ${name}`, { hint: 'List the queues: osdemo queue list' })
}

/** How many messages are in it, and which other processes have it open. */
function lookAt(stage: Stage, queue: Queue) {
  const { depth } = queue.attributes()
  showQueue(stage, queue, 'before')
  const pids = holders(queue.name, identityOf(queue).ino).map(({ pid }) => pid)
  queue.close()
  return { depth, users: [...new Set(pids)].filter((pid) => pid !== process.pid) }
}
