/** What the queue demos share: a POSIX queue that is made and goes away with the run, and what the kernel says of it. */
import { readFileSync } from 'node:fs'
import { Unavailable } from '../errors.js'
import { makeQueue, type NewQueue, type Queue, unlinkQueue } from '../ipc/posix-mq.js'
import { queueFolder, readQueueLimits } from '../proc/mqueue.js'
import { type Page, recordQueue } from '../run/ledger.js'
import type { RecordedQueue } from '../run/recorded.js'
import type { Stage } from '../run/stage.js'

/** @throws Unavailable where the kernel has no POSIX queues */
export function requireQueues(demo: string): void {
  if (readQueueLimits()) return
  throw new Unavailable(
    `${demo} needs POSIX message queues, and there is no /proc/sys/fs/mqueue here`,
    'run it on Linux with CONFIG_POSIX_MQUEUE',
  )
}

export interface RecordedNewQueue {
  queue: Queue
  page: Page<RecordedQueue>
}

/**
 * Makes a queue, mode 0600, and records it, so that it goes away with the run, whatever becomes of that.
 *
 * @returns undefined when there is one of this name already
 * @throws SystemCallError, Unavailable as `makeQueue` of ipc
 */
export function makeRecordedQueue(
  stage: Stage,
  name: string,
  shape: Omit<NewQueue, 'mode'>,
): RecordedNewQueue | undefined {
  const page = recordQueue(name)
  let queue: Queue | undefined
  try {
    queue = makeQueue(name, { ...shape, mode: 0o600 }, (identity) => page.made({ identity }))
  } finally {
    if (!queue) page.forget()
  }
  if (!queue) return undefined
  stage.say({ event: 'created', kind: 'queue', id: name })
  return { queue, page }
}

let made = 0

/** A queue that nobody else knows of, for the processes of this run; it is removed at its end. */
export function makePrivateQueue(stage: Stage, shape: Omit<NewQueue, 'mode'>): Queue {
  const name = `/osdemo-${process.pid}-${process.hrtime.bigint()}-${made++}`
  const { queue, page } = makeRecordedQueue(stage, name, shape)!
  stage.scope.defer(() => {
    queue.close()
    unlinkQueue(name)
    page.forget()
    stage.say({ event: 'removed', kind: 'queue', id: name })
  })
  return queue
}

/** Says what the kernel says of a queue: its attributes, and where the queues are mounted, its file. */
export function showQueue({ evidence }: Stage, queue: Queue, about: string): void {
  const { capacity, messageSize, depth } = queue.attributes()
  evidence('mq_getattr', `${depth} of ${capacity} messages, each of up to ${messageSize} bytes`, about)
  const folder = queueFolder()
  if (folder === undefined) return
  const path = folder + queue.name
  try {
    evidence(path, readFileSync(path, 'utf8').trim().replace(/\s+/g, ' '), about)
  } catch {
    // Another instance of the file system is mounted there, as in a container: it does not list ours.
  }
}
