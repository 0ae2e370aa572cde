/**
 * POSIX message queues, mq_overview(7): a queue has a name, a capacity and a longest message, and lives in the kernel until
 * somebody unlinks it, whoever made it and however that one ended. Messages come out by priority, and in each priority in
 * the order in which they went in. On Linux the descriptor of a queue is a file descriptor: fstat(2), /proc/PID/fd and
 * read(2), which gives its bytes as text, work on it.
 */
import { closeSync, fchmodSync, fstatSync } from 'node:fs'
import { errnoOf, systemCallError, Unavailable, UsageError } from '../errors.js'
import { checked, native, poll } from './libc.js'

// fcntl.h of Linux; the same on x86-64 and arm64.
const access = { read: 0, write: 1, both: 2 }
const O_CREAT = 0o100
const O_EXCL = 0o200
const O_NONBLOCK = 0o4000

/** S_ISVTX: it means nothing for a queue, so only a queue of ours has it, and only while it is being made. */
const sticky = 0o1000

/** What mq_getattr(3) says of a queue. */
export interface QueueAttributes {
  /** How many messages fit in: mq_maxmsg. */
  capacity: number
  /** The longest message in bytes: mq_msgsize. */
  messageSize: number
  /** How many messages are in it now: mq_curmsgs. */
  depth: number
  /** Of this descriptor, not of the queue: a call that would wait fails with EAGAIN. */
  nonblocking: boolean
}

/** A queue that this process has open. */
export interface Queue {
  readonly name: string
  /** A file descriptor, which nobody who is executed inherits. */
  readonly fd: number
  attributes(): QueueAttributes
  /**
   * mq_send(3). Waits in the kernel while the queue is full.
   *
   * @param priority 0 to 32767; the highest comes out first
   * @throws SystemCallError: EAGAIN when it is full and the descriptor is nonblocking, EMSGSIZE when the message is too long
   */
  send(message: Uint8Array, priority?: number): void
  /**
   * mq_receive(3). Waits in the kernel while the queue is empty.
   *
   * @throws SystemCallError: EAGAIN when it is empty and the descriptor is nonblocking
   */
  receive(): { message: Buffer; priority: number }
  /** mq_close(3). The queue stays, and so do its messages. */
  close(): void
}

/** What a new queue is to be like. */
export interface NewQueue {
  capacity: number
  /** In bytes. */
  messageSize: number
  /** Permissions, as of a file. */
  mode: number
}

/** What to know a queue by that is open. */
export function identityOf({ fd }: Queue): QueueIdentity {
  const { dev, ino } = fstatSync(fd)
  return { dev, ino }
}

/** Whether somebody has removed it: who has it open may go on, but nobody finds it any more. */
export function isUnlinked({ fd }: Queue): boolean {
  return fstatSync(fd).nlink === 0
}

/** Which inode a queue is. As a number it does not come again before the machine boots: the kernel counts up to 2^32. */
export interface QueueIdentity {
  dev: number
  ino: number
}

/** Why this is no name of a queue, or undefined when it is one. */
function wrongName(name: string): string | undefined {
  if (!name.startsWith('/')) return 'it must begin with a slash'
  if (name.length < 2 || name.slice(1).includes('/')) return 'it is one slash and then a name without any'
  if (name === '/.' || name === '/..') return 'no queue can be called so'
  if (name.includes('\0')) return 'it must have no NUL'
  return Buffer.byteLength(name) > 256 ? 'after the slash it has at most 255 bytes' : undefined
}

/**
 * Makes a queue and opens it for both, nonblocking. Until `onMade` has returned, its mode tells that it is being made: who
 * finds it so after its maker was killed knows that it is ours (`isUnfinished`).
 *
 * @param onMade gets what to know it by
 * @returns undefined when there is one of this name already
 * @throws SystemCallError: EINVAL above the limits in /proc/sys/fs/mqueue, ENOSPC when there are too many queues, EMFILE when
 *   the queues of this user may have no more bytes (RLIMIT_MSGQUEUE) or this process no more files; UsageError when that is
 *   no name of a queue; Unavailable
 */
export function makeQueue(
  name: string,
  { capacity, messageSize, mode }: NewQueue,
  onMade: (identity: QueueIdentity) => void,
): Queue | undefined {
  const attributes = new BigInt64Array(8)
  attributes.set([0n, BigInt(capacity), BigInt(messageSize)])
  let fd: number
  try {
    fd = open(name, access.both | O_NONBLOCK | O_CREAT | O_EXCL, mode | sticky, attributes)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    const what = `a queue ${name} of ${capacity} messages of ${messageSize} bytes`
    throw systemCallError(error, `cannot make ${what}`, (errno) => makeHints[errno])
  }
  try {
    const { dev, ino } = fstatSync(fd)
    onMade({ dev, ino })
    fchmodSync(fd, mode)
    return opened(name, fd)
  } catch (error) {
    closeSync(fd)
    unlinkQueue(name)
    throw error
  }
}

const makeHints: Record<string, string> = {
  EINVAL:
    'the kernel allows at most /proc/sys/fs/mqueue/msg_max messages of /proc/sys/fs/mqueue/msgsize_max bytes; ' +
    'root may raise them: sysctl fs.mqueue.msg_max=100',
  EMFILE:
    'either all queues of this user together may have no more bytes (see ulimit -q), or this process no more open files (see ulimit -n)',
  ENOSPC: 'there are /proc/sys/fs/mqueue/queues_max queues already; root may raise that, or remove some',
  ENOMEM: 'this machine has not so much memory',
}

/**
 * Opens a queue that is there.
 *
 * @throws SystemCallError: ENOENT when there is none, EACCES when its mode does not let us in; UsageError, Unavailable
 */
export function openQueue(
  name: string,
  purpose: 'read' | 'write' | 'both',
  { nonblocking }: { nonblocking: boolean },
): Queue {
  try {
    const flags = access[purpose] | (nonblocking ? O_NONBLOCK : 0)
    return opened(name, open(name, flags, 0, null))
  } catch (error) {
    const why = { read: 'receiving', write: 'sending', both: 'sending and receiving' }[purpose]
    throw systemCallError(error, `cannot open the queue ${name} for ${why}`, (errno) => openHints[errno])
  }
}

const openHints: Record<string, string> = {
  ENOENT: 'there is none of this name',
  EACCES: 'it belongs to somebody else, and its mode does not let you in; name another one with --name',
}

/** asm-generic/poll.h. */
const POLLIN = 1
const POLLOUT = 4

/** Waits until a queue is ready, for so many milliseconds at most: a message is in it, or has room. */
export function isReady({ fd }: Queue, purpose: 'read' | 'write', milliseconds: number): boolean {
  return poll(fd, purpose === 'read' ? POLLIN : POLLOUT, milliseconds) !== 0
}

/** mq_unlink(3): the name is free at once, the queue goes with the last who has it open. @throws SystemCallError */
export function unlinkQueue(name: string): void {
  try {
    checked('mq_unlink', native('mq_unlink', 'int mq_unlink(const char *name)')(cString(name)))
  } catch (error) {
    throw systemCallError(error, `cannot remove the queue ${name}`, (errno) => openHints[errno])
  }
}

/** Whether this queue is one of ours whose maker was killed in the middle of making it, or is making it now. */
export function isUnfinished({ fd }: Queue): boolean {
  return (fstatSync(fd).mode & sticky) !== 0
}

function open(name: string, flags: number, mode: number, attributes: BigInt64Array | null): number {
  if (process.platform !== 'linux') throw noQueues()
  const wrong = wrongName(name)
  if (wrong)
    throw new UsageError(`${JSON.stringify(name)} is no name of a queue: ${wrong}`, 'such as /osdemo')
  const call = native(
    'mq_open',
    'int mq_open(const char *name, int flags, unsigned int mode, void *attributes)',
  )
  try {
    const bytes = attributes && new Uint8Array(attributes.buffer)
    return checked('mq_open', call(cString(name), flags, mode, bytes))
  } catch (error) {
    if (errnoOf(error) === 'ENOSYS') throw noQueues(error)
    throw error
  }
}

function noQueues(cause?: unknown): Unavailable {
  const lack = process.platform === 'linux' ? 'this kernel' : process.platform
  return new Unavailable(`${lack} has no POSIX message queues`, 'use Linux with CONFIG_POSIX_MQUEUE', cause)
}

/** The highest priority with which a message may be sent: MQ_PRIO_MAX of limits.h, less one. */
export const highestPriority = 32_767

/** mq_getattr(3) of a descriptor of a queue. */
export function queueAttributes(fd: number): QueueAttributes {
  const mq_getattr = native('mq_getattr', 'int mq_getattr(int queue, void *attributes)')
  const longs = new BigInt64Array(8)
  checked('mq_getattr', mq_getattr(fd, new Uint8Array(longs.buffer)))
  const [flags = 0, capacity = 0, messageSize = 0, depth = 0] = Array.from(longs, Number)
  return { capacity, messageSize, depth, nonblocking: (flags & O_NONBLOCK) !== 0 }
}

function opened(name: string, fd: number): Queue {
  const mq_send = native(
    'mq_send',
    'int mq_send(int queue, void *message, size_t size, unsigned int priority)',
  )
  const mq_receive = native(
    'mq_receive',
    'long mq_receive(int queue, void *buffer, size_t size, void *priority)',
  )
  const attributes = () => queueAttributes(fd)
  const { messageSize } = attributes()
  const buffer = Buffer.alloc(messageSize)
  const priorityCell = new Uint32Array(1)
  return {
    name,
    fd,
    attributes,
    send(message, priority = 0) {
      try {
        checked('mq_send', mq_send(fd, message, message.length, priority))
      } catch (error) {
        throw systemCallError(error, `cannot send ${message.length} bytes to the queue ${name}`, (errno) =>
          errno === 'EMSGSIZE' ? `its longest message has ${messageSize} bytes` : callHints[errno],
        )
      }
    },
    receive() {
      try {
        const cell = new Uint8Array(priorityCell.buffer)
        const length = checked('mq_receive', mq_receive(fd, buffer, messageSize, cell))
        return { message: Buffer.from(buffer.subarray(0, length)), priority: priorityCell[0]! }
      } catch (error) {
        throw systemCallError(error, `cannot receive from the queue ${name}`, (errno) => callHints[errno])
      }
    },
    close: () => closeSync(fd),
  }
}

const callHints: Record<string, string> = {
  EAGAIN: 'it would have to wait, and it was opened not to',
  EBADF: 'it was not opened for that',
  EINVAL: `a priority is from 0 to ${highestPriority}`,
}

/** Bytes with a NUL behind them, as C wants them. */
function cString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`)
}
