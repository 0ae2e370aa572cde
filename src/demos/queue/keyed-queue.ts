/** A System V queue with a key, for processes in different terminals: found or created, and removed by its last user. */
import { Unavailable } from '../../errors.js'
import { mark } from '../../ipc/mark.js'
import {
  findMessageQueue,
  keepMessageQueue,
  makeMessageQueue,
  messageTypes,
  privateKey,
  queueBytes,
  removeMessageQueue,
} from '../../ipc/sysv-msg.js'
import {
  type MessageLimits,
  type MessageQueue,
  readMessageLimits,
  readMessageQueue,
} from '../../proc/sysvipc-msg.js'
import { type LedgerEntry, record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'
import { type SharedQueue, sweepAndTell } from './shared-queue.js'

/** @throws Unavailable where the kernel has no System V queues */
export function requireMessageQueues(command: string): MessageLimits {
  const limits = readMessageLimits()
  if (limits) return limits
  throw new Unavailable(
    `${command} needs System V message queues, and /proc/sys/kernel/msgmax does not exist here`,
    'Run it on Linux with CONFIG_SYSVIPC.',
  )
}

/**
 * Creates a queue, mode 0600, and records it on disk: if the run is killed, the next run or `osdemo clean` removes it.
 *
 * @param key 0 creates a queue without a key
 * @returns undefined when a queue with this key exists already
 * @throws SystemCallError, Unavailable as `makeMessageQueue`
 */
function makeRecorded(stage: Stage, key: number): { id: number; entry: LedgerEntry } | undefined {
  const entry = record('queue', `${key}`)
  let id: number | undefined
  try {
    id = makeMessageQueue(key)
  } finally {
    if (id === undefined) entry.forget()
  }
  if (id === undefined) return undefined
  entry.made(id)
  stage.say({ event: 'created', kind: 'queue', id: channelOf({ key, id }) })
  return { id, entry }
}

/**
 * A queue without a key, for the processes of this run, which removes it at its end.
 *
 * @returns its id; `remove` removes it earlier
 */
export function makePrivateMessageQueue(stage: Stage): { id: number; remove(): void } {
  // With the private key (IPC_PRIVATE), msgget(2) always creates a queue, so this is never undefined.
  const { id, entry } = makeRecorded(stage, privateKey)!
  const remove = stage.scope.defer(() => {
    // Another process may have removed it.
    if (readMessageQueue(id)) removeMessageQueue(id)
    entry.forget()
    stage.say({ event: 'removed', kind: 'queue', id: channelOf({ key: privateKey, id }) })
  })
  return { id, remove: () => void remove() }
}

/** How events name it: by its key, or by its id where it has none. */
export function channelOf({ key, id }: Pick<MessageQueue, 'key' | 'id'>): string {
  return key === privateKey ? `id ${id}` : `${key}`
}

/** Whether osdemo created it, and no user asked to keep it. */
function isOurs({ mode, creatorUid }: MessageQueue): boolean {
  return (mode & mark) !== 0 && creatorUid === process.getuid?.()
}

/** So many messages at most are looked at for their types. */
const mostTypes = 64

/**
 * Finds the queue with this key, or creates it. The kernel does not record which processes use one, so each run that uses a queue
 * of osdemo records that. The last of them removes it, unless a user asked to keep it. A queue of another program is never removed.
 *
 * @param type of the messages that are sent, or that are wanted
 * @throws SystemCallError, Unavailable as `findMessageQueue` and `makeMessageQueue`
 */
export function joinMessageQueue(
  stage: Stage,
  key: number,
  purpose: 'send' | 'receive',
  type: bigint,
): SharedQueue {
  const limits = requireMessageQueues(`queue ${purpose} --kind sysv`)
  for (;;) {
    const found = findMessageQueue(key, purpose)
    const made = found === undefined ? makeRecorded(stage, key) : undefined
    const id = found ?? made?.id
    // Another process created it between the two calls.
    if (id === undefined) continue
    const row = () => readMessageQueue(id)
    const first = row()
    const entry = made?.entry ?? (first && isOurs(first) ? record('queue', `${key}`) : undefined)
    if (!made) entry?.made(id)
    const letGo = stage.scope.defer(() => {
      const left = row()?.messages ?? 0
      entry?.release()
      sweepAndTell(stage, `${key}`, left)
    })
    // Another osdemo removed it: it had looked for users just before this run recorded that it is one.
    if (!row()) {
      letGo()
      continue
    }
    showMessageQueue(stage, id, made ? 'the new queue' : 'the queue exists already')
    const longest = Math.min(limits.longest, capacityOf(id) ?? limits.longest)
    const depth = () => row()?.messages ?? 0
    return {
      config: {
        kind: 'sysv',
        key,
        id,
        type: `${type}`,
        longest: purpose === 'send' ? longest : limits.longest,
      },
      longest,
      depth,
      isTaken() {
        const now = row()
        if (!now || now.messages === 0) return now !== undefined
        const types = messageTypes(id, Math.min(now.messages, mostTypes), now.bytes)
        return types.length === now.messages && !types.includes(type)
      },
      isGone: () => row() === undefined,
      stays() {
        const now = row()
        return now !== undefined && !isOurs(now)
      },
      keep() {
        const now = row()
        if (!now || !isOurs(now)) return
        keepMessageQueue(id)
        entry?.keep()
      },
    }
  }
}

/** msg_qbytes; undefined where this user may send to the queue, but not look at it. */
function capacityOf(id: number): number | undefined {
  try {
    return queueBytes(id)
  } catch {
    return undefined
  }
}

/** Quotes the kernel's line about a queue. @returns undefined when the queue no longer exists */
export function showMessageQueue({ evidence }: Stage, id: number, about: string): MessageQueue | undefined {
  const queue = readMessageQueue(id)
  if (!queue) return undefined
  const { key, messages, bytes, lastSender, lastReceiver } = queue
  const value = `key ${key}, msqid ${id}, qnum ${messages}, cbytes ${bytes}, lspid ${lastSender}, lrpid ${lastReceiver}`
  evidence('/proc/sysvipc/msg', value, about, {
    data: { key, id, messages, bytes, lastSender, lastReceiver },
  })
  return queue
}
