/** A POSIX message queue that this process has open: sending, receiving, and its attributes. */
import { closeSync, fstatSync } from 'node:fs'
import { systemCallError } from '../errors.js'
import { checked, native, poll } from './libc.js'

/** fcntl.h of Linux; the same on x86-64 and arm64. */
export const O_NONBLOCK = 0o4000

/** The attributes that mq_getattr(3) returns. */
export interface QueueAttributes {
  /** The most messages that it holds: mq_maxmsg. */
  capacity: number
  /** The longest message in bytes: mq_msgsize. */
  messageSize: number
  /** How many messages are in it now: mq_curmsgs. */
  depth: number
  /** A property of this descriptor, not of the queue: a call that would block fails with EAGAIN. */
  nonblocking: boolean
}

/** A queue that this process has open. */
export interface Queue {
  readonly name: string
  /** A file descriptor, which is closed on exec (mq_open(3) sets the flag). */
  readonly fd: number
  attributes(): QueueAttributes
  /**
   * mq_send(3). Blocks while the queue is full.
   *
   * @param priority 0 to 32767; messages of the highest priority are received first
   * @throws SystemCallError: EAGAIN when the queue is full and the descriptor is nonblocking, EMSGSIZE when the message is too
   *   long
   */
  send(message: Uint8Array, priority?: number): void
  /**
   * mq_receive(3). Blocks while the queue is empty.
   *
   * @throws SystemCallError: EAGAIN when the queue is empty and the descriptor is nonblocking
   */
  receive(): { message: Buffer; priority: number }
  /** mq_close(3). The queue and its messages stay in the kernel. */
  close(): void
}

/** Which queue this is: names can be given to another queue, inodes not. */
export function identityOf({ fd }: Queue): QueueIdentity {
  const { dev, ino } = fstatSync(fd)
  return { dev, ino }
}

/** Whether the queue was removed: processes that have it open can still use it, but no process can open it. */
export function isUnlinked({ fd }: Queue): boolean {
  return fstatSync(fd).nlink === 0
}

/** The inode of a queue. The kernel does not reuse its number before the next boot, because it counts up to 2^32. */
export interface QueueIdentity {
  dev: number
  ino: number
}

/** asm-generic/poll.h. */
const POLLIN = 1
const POLLOUT = 4

/** Waits until the queue has a message (read) or room (write). @returns false when the time was over before */
export function isReady({ fd }: Queue, purpose: 'read' | 'write', milliseconds: number): boolean {
  return poll(fd, purpose === 'read' ? POLLIN : POLLOUT, milliseconds) !== 0
}

/** The highest priority of a message: MQ_PRIO_MAX of limits.h, less one. */
export const highestPriority = 32_767

/** mq_getattr(3). @param fd a descriptor of a queue */
export function queueAttributes(fd: number): QueueAttributes {
  const mq_getattr = native('mq_getattr', 'int mq_getattr(int queue, void *attributes)')
  const longs = new BigInt64Array(8)
  checked('mq_getattr', mq_getattr(fd, new Uint8Array(longs.buffer)))
  const [flags = 0, capacity = 0, messageSize = 0, depth = 0] = Array.from(longs, Number)
  return { capacity, messageSize, depth, nonblocking: (flags & O_NONBLOCK) !== 0 }
}

/** The queue of a descriptor that mq_open(3) returned. */
export function opened(name: string, fd: number): Queue {
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
        throw systemCallError(error, `cannot send ${message.length} bytes to queue ${name}`, (errno) =>
          errno === 'EMSGSIZE' ? `Send at most ${messageSize} bytes in a message.` : callHints[errno],
        )
      }
    },
    receive() {
      try {
        const cell = new Uint8Array(priorityCell.buffer)
        const length = checked('mq_receive', mq_receive(fd, buffer, messageSize, cell))
        return { message: Buffer.from(buffer.subarray(0, length)), priority: priorityCell[0] ?? 0 }
      } catch (error) {
        throw systemCallError(error, `cannot receive from queue ${name}`, (errno) => callHints[errno])
      }
    },
    close: () => closeSync(fd),
  }
}

const callHints: Record<string, string> = {
  EAGAIN: 'The call would block, and the queue was opened nonblocking.',
  EBADF: 'The queue was not opened for this direction.',
  EINVAL: `Use a priority from 0 to ${highestPriority}.`,
}
