/** What the demos and tools of queues share: creating a POSIX queue for the run, and quoting the kernel about it. */
import { readFileSync } from 'node:fs'
import { SystemCallError, Unavailable } from '../../errors.js'
import { identityOf, isUnlinked, type Queue } from '../../ipc/open-mq.js'
import { makeQueue, type NewQueue, unlinkQueue } from '../../ipc/posix-mq.js'
import { parseQueueFile, queueFolder, queueLimitsFolder, readQueueLimits } from '../../proc/mqueue.js'
import { type LedgerEntry, record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'

/** @throws Unavailable where the kernel has no POSIX queues */
export function requireQueues(demo: string): void {
  if (readQueueLimits()) return
  throw new Unavailable(
    `${demo} needs POSIX message queues, and /proc/sys/fs/mqueue does not exist here`,
    'Run it on Linux with CONFIG_POSIX_MQUEUE.',
  )
}

export interface RecordedNewQueue {
  queue: Queue
  entry: LedgerEntry
}

/**
 * Creates a queue, mode 0600, and records it on disk: if the run is killed, the next run or `osdemo clean` removes it.
 *
 * @returns undefined when a queue with this name exists already
 * @throws SystemCallError, Unavailable as `makeQueue` of ipc
 */
export function makeRecordedQueue(
  stage: Stage,
  name: string,
  shape: Omit<NewQueue, 'mode'>,
): RecordedNewQueue | undefined {
  const entry = record('queue', name)
  let queue: Queue | undefined
  try {
    queue = makeQueue(name, { ...shape, mode: 0o600 })
  } catch (error) {
    throw withLimits(error, shape)
  } finally {
    if (!queue) entry.forget()
  }
  if (!queue) return undefined
  entry.made(identityOf(queue).ino)
  stage.say({ event: 'created', kind: 'queue', id: name })
  return { queue, entry }
}

/** The largest capacity, also for root: HARD_MSGMAX of linux/ipc_namespace.h. */
const hardCapacity = 65_536

/** Adds a hint: which limit the queue exceeds, and where it is set. */
function withLimits(error: unknown, { capacity, messageSize }: Omit<NewQueue, 'mode'>): unknown {
  const limits = readQueueLimits()
  if (capacity > hardCapacity && error instanceof SystemCallError)
    return hinted(error, `Use a smaller --capacity: Linux allows no more than ${hardCapacity} messages.`)
  if (!(error instanceof SystemCallError) || error.errno !== 'EINVAL' || !limits) return error
  const [which, allowed, wanted] =
    capacity > limits.capacity
      ? ['msg_max', limits.capacity, capacity]
      : ['msgsize_max', limits.messageSize, messageSize]
  return hinted(
    error,
    `Stay below the limit, ${allowed} (${queueLimitsFolder}/${which}), ` +
      `or raise it as root: sysctl fs.mqueue.${which}=${wanted}`,
  )
}

function hinted(error: SystemCallError, hint: string): SystemCallError {
  return new SystemCallError(error.message, error.call, error.errno, { cause: error, hint })
}

/**
 * A queue with a name of its own, for the processes of this run, which removes it at its end.
 *
 * @param role part of its name, for a run that has several queues
 */
export function makePrivateQueue(stage: Stage, shape: Omit<NewQueue, 'mode'>, role = 'queue'): Queue {
  // A killed run with the same pid may have left a queue of this name that is still in use.
  const names = (n: number) => `/osdemo-${process.pid}-${role}${n > 0 ? `-${n}` : ''}`
  let taken = 0
  let made = makeRecordedQueue(stage, names(taken), shape)
  while (!made) made = makeRecordedQueue(stage, names(++taken), shape)
  const { queue, entry } = made
  const name = names(taken)
  stage.scope.defer(() => {
    // Another process may have removed it.
    const isGone = isUnlinked(queue)
    queue.close()
    if (!isGone) unlinkQueue(name)
    entry.forget()
    stage.say({ event: 'removed', kind: 'queue', id: name })
  })
  return queue
}

/** Quotes the kernel about a queue: its attributes and, where the queues are mounted as files, its file. */
export function showQueue({ evidence }: Stage, queue: Queue, about: string): void {
  const { capacity, messageSize, depth } = queue.attributes()
  const value = `mq_maxmsg ${capacity}, mq_msgsize ${messageSize}, mq_curmsgs ${depth}`
  evidence('mq_getattr(3)', value, about, { data: { depth, capacity, messageSize } })
  const folder = queueFolder()
  if (folder === undefined) return
  const path = folder + queue.name
  try {
    const { text, fields } = parseQueueFile(readFileSync(path, 'utf8'))
    evidence(path, text, 'QSIZE is its size in bytes', { data: fields })
  } catch {
    // The mount belongs to another IPC namespace, as in a container: it does not list this queue.
  }
}
