/** A queue under a name that terminals share: found or made, held for the run, and removed by whoever uses it last. */
import { existsSync, fstatSync } from 'node:fs'
import { DemoFailed } from '../../errors.js'
import { isMarked } from '../../ipc/mark.js'
import { identityOf, isUnlinked, type Queue, type QueueIdentity } from '../../ipc/open-mq.js'
import { keepQueue, openIfThere } from '../../ipc/posix-mq.js'
import { queueFolder, readQueueLimits } from '../../proc/mqueue.js'
import type { Stage } from '../../run/stage.js'
import { type Swept, sweep } from '../../run/sweep.js'
import { quoted } from '../../shell-quote.js'
import { counted } from '../../text.js'
import { inUse } from '../shared/in-use.js'
import { watchRemoval } from '../shared/watch-removal.js'
import { makeRecordedQueue, requireQueues, showQueue } from './posix-queue.js'

/** Where two terminals find each other. */
export const defaultName = '/osdemo'

/** What Linux gives a queue whose maker asks for nothing, or less where the limits are lower. */
const usualCapacity = 10
const usualMessageSize = 8192

export interface SharedQueue {
  /** Open nonblocking. */
  queue: Queue
  identity: QueueIdentity
  /** Whether it stays when nobody uses it any more: others made it, or somebody asked to keep it. */
  stays(): boolean
  /** It is to stay. */
  keep(): void
}

/** `queue send`, for the other terminal. */
export function words(command: 'send' | 'receive', name: string): string {
  return `osdemo queue ${command}${name === defaultName ? '' : ` --name ${quoted(name)}`}`
}

/**
 * Finds the queue of a name, or makes it, and holds it for the run. One that osdemo made is removed by whichever osdemo uses
 * it last, unless somebody asked to keep it; one that anybody else made is left alone.
 *
 * @throws SystemCallError, UsageError, Unavailable as `openQueue` and `makeQueue` of ipc
 */
export async function joinQueue(stage: Stage, name: string, purpose: 'read' | 'write'): Promise<SharedQueue> {
  requireQueues(`queue ${purpose === 'read' ? 'receive' : 'send'}`)
  for (;;) {
    const found = openIfThere(name, purpose)
    // `requireQueues` has seen that the kernel has queues, and so their limits.
    const limits = readQueueLimits()!
    const made = found
      ? undefined
      : makeRecordedQueue(stage, name, {
          capacity: Math.min(usualCapacity, limits.capacity),
          messageSize: Math.min(usualMessageSize, limits.messageSize),
        })
    const queue = found ?? made?.queue
    // Somebody else was first.
    if (!queue) continue
    const letGo = stage.scope.defer(() => {
      const { depth } = queue.attributes()
      queue.close()
      made?.entry.release()
      tellSwept(stage, name, depth, sweep())
    })
    // Whoever removed it had looked for users just before we opened it.
    if (isUnlinked(queue)) {
      letGo()
      continue
    }
    watchRemoval(stage, `the queue ${name}`, () => isUnlinked(queue))
    showQueue(stage, queue, made ? 'the queue, just made' : 'the queue, which was there already')
    const identity = identityOf(queue)
    const stays = () => !isMarked(fstatSync(queue.fd))
    const keep = () => {
      if (!stays()) keepQueue(queue)
    }
    return { queue, identity, stays, keep }
  }
}

/** Says what a sweep removed, and of this queue what was in it, or who needs it still. */
function tellSwept({ say }: Stage, name: string, depth: number, swept: Swept[]): void {
  for (const { kind, name: id, users } of swept) {
    const isThis = kind === 'queue' && id === name
    if (users.length === 0) say({ event: 'removed', kind, id })
    if (users.length === 0 && isThis && depth > 0)
      say({ event: 'note', text: `nobody had received what was in it: ${counted(depth, 'message')}` })
    if (users.length > 0 && isThis)
      say({ event: 'note', text: `${id} stays for now: ${inUse(users)}`, role: 'aside' })
  }
}

/** Waits until others have received everything. @throws DemoFailed when somebody removes the queue before */
export async function waitUntilTaken(stage: Stage, { queue }: SharedQueue): Promise<void> {
  const depth = () => queue.attributes().depth
  if (depth() === 0) return
  stage.note('waits until somebody has received what is in the queue')
  await stage.poll(() => depth() === 0 || isUnlinked(queue), Number.POSITIVE_INFINITY)
  const left = depth()
  if (left === 0) return
  throw new DemoFailed(`somebody removed the queue ${queue.name} with ${counted(left, 'message')} in it`, {
    hint: 'send them again',
  })
}

/** The number of mq_unlink(2) among the system calls. */
const unlinkNumber: Partial<Record<NodeJS.Architecture, number>> = { x64: 241, arm64: 181 }

/**
 * How the user removes a queue that stays: as a file, where the queues are mounted as files. Else Perl, which most systems
 * have, makes the system call; the kernel takes the name without its slash.
 */
export function removalHint(name: string): string {
  const path = queueFolder() + name
  if (existsSync(path)) return `rm ${quoted(path)}`
  return `perl -e 'syscall ${unlinkNumber[process.arch]}, shift' -- ${quoted(name.slice(1))}`
}
