/**
 * System V message queues, sysvipc(7). A queue has an id and usually a key, by which unrelated processes find it. Each message has
 * a type, and a receiver chooses by it. A queue stays in the kernel until a process removes it. `ipcs -q` and /proc/sysvipc/msg
 * list the queues.
 */
import { errnoOf, systemCallError, Unavailable } from '../errors.js'
import { checked, native } from './libc.js'
import { mark } from './mark.js'

// sys/ipc.h and sys/msg.h of Linux.
const IPC_CREAT = 0o1000
const IPC_EXCL = 0o2000
const IPC_NOWAIT = 0o4000
const MSG_NOERROR = 0o10000
const MSG_COPY = 0o40000
const IPC_RMID = 0
const IPC_SET = 1
const IPC_STAT = 2

/** The key that always creates a new queue, which no other process can find: IPC_PRIVATE. */
export const privateKey = 0

/** The largest type of a message: a long. A receiver may also ask for its negative. */
export const largestType = 2n ** 63n - 1n

/**
 * Creates a queue with the mark of osdemo (mark.ts).
 *
 * @param key any key, or `privateKey`
 * @returns its id; undefined when a queue with this key exists already
 * @throws SystemCallError: ENOSPC when there are too many queues; Unavailable
 */
export function makeMessageQueue(key: number, mode = 0o600): number | undefined {
  try {
    return msgget(key, mode | mark | IPC_CREAT | IPC_EXCL)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    const which = key === privateKey ? '' : ` with key ${key}`
    throw systemCallError(error, `cannot create a message queue${which}`, (errno) => makeHints[errno])
  }
}

const makeHints: Record<string, string> = {
  ENOSPC:
    'Remove a queue that osdemo queue list shows, or raise the limit as root: sysctl kernel.msgmni=32000',
}

/** The permission bits that msgget(2) checks, by what the caller wants to do with the queue. */
const wanted = { look: 0, receive: 0o400, send: 0o200 }

/**
 * Finds the queue with this key.
 *
 * @param purpose what its mode must allow
 * @returns its id; undefined when there is none
 * @throws SystemCallError: EACCES when its mode forbids the purpose; Unavailable
 */
export function findMessageQueue(key: number, purpose: keyof typeof wanted): number | undefined {
  try {
    return msgget(key, wanted[purpose])
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw systemCallError(error, `cannot use the message queue with key ${key}`, (errno) => useHints[errno])
  }
}

const useHints: Record<string, string> = {
  EACCES: 'Use another --key, or ask the owner of the queue. List the owners: osdemo queue list',
  EIDRM: 'Another process removed it. List the queues: osdemo queue list',
  EINVAL: 'Another process removed it. List the queues: osdemo queue list',
  E2BIG: 'Receive with a larger buffer, or with MSG_NOERROR, which cuts the message.',
  ENOMSG: 'The call would wait, and it was made with IPC_NOWAIT.',
  EAGAIN: 'The call would wait, and it was made with IPC_NOWAIT.',
  EPERM: 'Only its owner, its creator and root may do this. List the owners: osdemo queue list',
}

export interface TypedMessage {
  /** 1 to `largestType`. */
  type: bigint
  message: Buffer
}

/**
 * msgsnd(2). Waits while the queue has no room: it contains at most msg_qbytes bytes.
 *
 * @throws SystemCallError: EAGAIN with `nonblocking` when it would wait, EINTR after a signal, EINVAL above the limit msgmax, EIDRM
 *   when the queue was removed while it waited, EINVAL when it was removed before
 */
export function sendMessage(id: number, { type, message }: TypedMessage, { nonblocking = false } = {}): void {
  const call = native('msgsnd', 'int msgsnd(int id, void *message, size_t size, int flags)')
  const struct = Buffer.alloc(8 + message.length)
  struct.writeBigInt64LE(type)
  message.copy(struct, 8)
  try {
    checked('msgsnd', call(id, struct, message.length, nonblocking ? IPC_NOWAIT : 0))
  } catch (error) {
    throw explained(error, `cannot send to message queue ${id}`)
  }
}

export interface Wanted {
  /** 0 for the first message, N for the first of type N, -N for the first of the lowest type up to N. */
  type: bigint
  /** The most bytes of a message. */
  size: number
  nonblocking?: boolean
  /** Cut a longer message to `size`, where the call would fail with E2BIG: MSG_NOERROR. */
  cut?: boolean
}

/**
 * msgrcv(2). Waits until there is such a message.
 *
 * @throws SystemCallError: ENOMSG with `nonblocking` when it would wait, E2BIG when the message is longer and stays in the queue,
 *   EINTR after a signal, EIDRM when the queue was removed while it waited, EINVAL when it was removed before
 */
export function receiveMessage(id: number, { type, size, nonblocking, cut }: Wanted): TypedMessage {
  const call = native('msgrcv', 'long msgrcv(int id, void *message, size_t size, long type, int flags)')
  const struct = Buffer.alloc(8 + size)
  const flags = (nonblocking ? IPC_NOWAIT : 0) | (cut ? MSG_NOERROR : 0)
  try {
    const length = checked('msgrcv', call(id, struct, size, type, flags))
    return { type: struct.readBigInt64LE(), message: Buffer.from(struct.subarray(8, 8 + length)) }
  } catch (error) {
    throw explained(error, `cannot receive from message queue ${id}`)
  }
}

/**
 * The types of the first `count` messages of a queue, which stay in it: MSG_COPY. Fewer where the queue changes meanwhile; empty
 * without the permission to read it, and where the kernel was built without CONFIG_CHECKPOINT_RESTORE.
 *
 * @param bytes the size of all its messages: a copy needs room for the whole message
 */
export function messageTypes(id: number, count: number, bytes: number): bigint[] {
  const types: bigint[] = []
  try {
    const receive = native('msgrcv', 'long msgrcv(int id, void *message, size_t size, long type, int flags)')
    const message = Buffer.alloc(8 + bytes)
    for (let index = 0; index < count; index++) {
      checked('msgrcv', receive(id, message, bytes, index, MSG_COPY | IPC_NOWAIT))
      types.push(message.readBigInt64LE())
    }
  } catch {}
  return types
}

function explained(error: unknown, attempt: string): unknown {
  return systemCallError(error, attempt, (errno) => useHints[errno])
}

/** struct msqid64_ds of asm-generic/msgbuf.h, the same on x86-64 and arm64: its size, and where its fields begin. */
const layout = { size: 120, mode: 20, capacity: 88 } as const

/** The most bytes that the queue may contain: msg_qbytes. @throws SystemCallError: EACCES without permission to read it */
export function queueBytes(id: number): number {
  return Number(stat(id).readBigUInt64LE(layout.capacity))
}

/** Changes msg_qbytes. @throws SystemCallError: EPERM above the limit msgmnb, or when the queue belongs to another user */
export function setQueueBytes(id: number, bytes: number): void {
  change(id, (state) => void state.writeBigUInt64LE(BigInt(bytes), layout.capacity))
}

/** Removes osdemo's mark from a queue: it then stays until the user removes it. @throws SystemCallError */
export function keepMessageQueue(id: number): void {
  change(
    id,
    (state) => void state.writeUInt32LE(state.readUInt32LE(layout.mode) & 0o777 & ~mark, layout.mode),
  )
}

function stat(id: number): Buffer {
  const state = Buffer.alloc(layout.size)
  try {
    checked('msgctl', msgctl(id, IPC_STAT, state))
  } catch (error) {
    throw explained(error, `cannot look at message queue ${id}`)
  }
  return state
}

/** IPC_SET changes owner, mode and msg_qbytes together, so it begins with what they are. */
function change(id: number, edit: (state: Buffer) => void): void {
  const state = stat(id)
  edit(state)
  try {
    checked('msgctl', msgctl(id, IPC_SET, state))
  } catch (error) {
    throw explained(error, `cannot change message queue ${id}`)
  }
}

/** Removes a queue and its messages. Every process that waits in a call on it gets EIDRM. @throws SystemCallError: EPERM, EINVAL */
export function removeMessageQueue(id: number): void {
  try {
    checked('msgctl', msgctl(id, IPC_RMID, null))
  } catch (error) {
    throw explained(error, `cannot remove message queue ${id}`)
  }
}

function msgctl(id: number, command: number, buffer: Uint8Array | null): number | bigint {
  return native('msgctl', 'int msgctl(int id, int command, void *buffer)')(id, command, buffer)
}

function msgget(key: number, flags: number): number {
  // Its structures are those of Linux.
  if (process.platform !== 'linux')
    throw new Unavailable(`osdemo has no System V message queues on ${process.platform}`, 'Use Linux.')
  return checked('msgget', native('msgget', 'int msgget(int key, int flags)')(key, flags))
}
