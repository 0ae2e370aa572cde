/** A POSIX message queue that this process has open: how to send, to receive, and what the kernel says of it. */
import { closeSync, fstatSync } from 'node:fs'
import { systemCallError } from '../errors.js'
import { checked, native, poll } from './libc.js'

/** fcntl.h of Linux; the same on x86-64 and arm64. */
export const O_NONBLOCK = 0o4000

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

/** asm-generic/poll.h. */
const POLLIN = 1
const POLLOUT = 4

/** Waits until a queue is ready, for so many milliseconds at most: a message is in it, or has room. */
export function isReady({ fd }: Queue, purpose: 'read' | 'write', milliseconds: number): boolean {
  return poll(fd, purpose === 'read' ? POLLIN : POLLOUT, milliseconds) !== 0
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

/** A queue by its descriptor, which `mq_open` gave. */
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
        throw systemCallError(error, `cannot send ${message.length} bytes to the queue ${name}`, (errno) =>
          errno === 'EMSGSIZE' ? `its longest message has ${messageSize} bytes` : callHints[errno],
        )
      }
    },
    receive() {
      try {
        const cell = new Uint8Array(priorityCell.buffer)
        const length = checked('mq_receive', mq_receive(fd, buffer, messageSize, cell))
        return { message: Buffer.from(buffer.subarray(0, length)), priority: priorityCell[0] ?? 0 }
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
