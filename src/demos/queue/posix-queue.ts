/** What the queue demos share: a POSIX queue that is made and goes away with the run, and what the kernel says of it. */
import { readFileSync } from 'node:fs'
import { SystemCallError, Unavailable } from '../../errors.js'
import { identityOf, type Queue } from '../../ipc/open-mq.js'
import { makeQueue, type NewQueue, unlinkQueue } from '../../ipc/posix-mq.js'
import { parseQueueFile, queueFolder, queueLimitsFolder, readQueueLimits } from '../../proc/mqueue.js'
import { type LedgerEntry, record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'

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
  entry: LedgerEntry
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

/** What not even root may have more of: HARD_MSGMAX of linux/ipc_namespace.h. */
const hardCapacity = 65_536

/** Says which limit a queue is above, and where it is set. */
function withLimits(error: unknown, { capacity, messageSize }: Omit<NewQueue, 'mode'>): unknown {
  const limits = readQueueLimits()
  if (capacity > hardCapacity && error instanceof SystemCallError)
    return hinted(error, `no queue of Linux may hold more than ${hardCapacity}`)
  if (!(error instanceof SystemCallError) || error.errno !== 'EINVAL' || !limits) return error
  const [which, allowed, wanted] =
    capacity > limits.capacity
      ? ['msg_max', limits.capacity, capacity]
      : ['msgsize_max', limits.messageSize, messageSize]
  return hinted(
    error,
    `the limit is ${allowed}, set in ${queueLimitsFolder}/${which}; ` +
      `take no more, or as root: sysctl fs.mqueue.${which}=${wanted}`,
  )
}

function hinted(error: SystemCallError, hint: string): SystemCallError {
  return new SystemCallError(error.message, error.call, error.errno, { cause: error, hint })
}

/**
 * A queue that nobody else knows of, for the processes of this run; it is removed at its end.
 *
 * @param role tells it from others of this run, where there are several
 */
export function makePrivateQueue(stage: Stage, shape: Omit<NewQueue, 'mode'>, role = 'queue'): Queue {
  // A killed run may have left one of this name, and somebody still uses it.
  const names = (n: number) => `/osdemo-${process.pid}-${role}${n > 0 ? `-${n}` : ''}`
  let taken = 0
  let made = makeRecordedQueue(stage, names(taken), shape)
  while (!made) made = makeRecordedQueue(stage, names(++taken), shape)
  const { queue, entry } = made
  const name = names(taken)
  stage.scope.defer(() => {
    queue.close()
    unlinkQueue(name)
    entry.forget()
    stage.say({ event: 'removed', kind: 'queue', id: name })
  })
  return queue
}

/** Says what the kernel says of a queue: its attributes, and where the queues are mounted, its file. */
export function showQueue({ evidence }: Stage, queue: Queue, about: string): void {
  const { capacity, messageSize, depth } = queue.attributes()
  evidence('mq_getattr', `${depth} of ${capacity} messages, each of up to ${messageSize} bytes`, about, {
    data: { depth, capacity, messageSize },
  })
  const folder = queueFolder()
  if (folder === undefined) return
  const path = folder + queue.name
  try {
    const { text, fields } = parseQueueFile(readFileSync(path, 'utf8'))
    evidence(path, text, about, { data: fields })
  } catch {
    // Another instance of the file system is mounted there, as in a container: it does not list ours.
  }
}
