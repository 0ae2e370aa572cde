/**
 * An unbounded channel for one sender and one receiver. The kernel has no such object. So messages for which the pipe has no
 * room stay in the memory of the sender, in a queue that grows while the sender is faster than the receiver. All messages have
 * the same size, because a pipe carries bytes without message boundaries.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { Socket } from 'node:net'
import { DemoFailed, errnoOf, systemCallError } from '../errors.js'
import { bytesInPipe, pipeCapacity } from './pipe-room.js'

export interface UnboundedPlace {
  /** A FIFO that another process keeps open for reading and writing. */
  path: string
  /** Bytes of each message. */
  bytes: number
  /** The most bytes that may wait in the sender's memory. */
  limit: number
}

/** @throws SystemCallError when the FIFO cannot be opened: ENXIO when no process has it open for reading */
export function openUnboundedSender({ path, bytes, limit }: UnboundedPlace) {
  const fd = open(path, constants.O_WRONLY | constants.O_NONBLOCK)
  const pipe = new Socket({ fd, readable: false, writable: true })
  /** Messages that the pipe has not taken as a whole. */
  const waiting: Uint8Array[] = []
  let allTaken = () => {}
  pipe.on('error', () => {})

  /** Writes one message at a time. For several writes at once, Node would report only when the pipe has taken all of them. */
  function writeFirst(): void {
    // The callers check that a message waits.
    pipe.write(waiting[0]!, () => {
      waiting.shift()
      if (waiting.length > 0) writeFirst()
      else allTaken()
    })
  }

  return {
    /** How many messages wait: in this memory, and complete in the pipe. */
    async depth(): Promise<number> {
      // The stream's callbacks run first, so that `waiting` does not contain messages that the pipe has taken.
      await new Promise((resolve) => setImmediate(resolve))
      return waiting.length + Math.floor(bytesInPipe(fd) / bytes)
    },
    /** Never blocks. @throws DemoFailed when the messages in memory would exceed the limit */
    send(message: Uint8Array): void {
      if ((waiting.length + 1) * bytes > limit) {
        throw new DemoFailed(
          `the sender's memory has reached its limit of ${limit} bytes: ` +
            `${waiting.length} messages of ${bytes} bytes wait`,
          { hint: 'Send more slowly (--send-every), or allow more bytes (--limit).' },
        )
      }
      if (waiting.push(message) === 1) writeFirst()
    },
    /** Resolves when the pipe has taken everything. */
    flushed: () =>
      new Promise<void>((resolve) => {
        allTaken = resolve
        if (waiting.length === 0) resolve()
      }),
    close: () => void pipe.destroy(),
  }
}

/** @throws SystemCallError when the FIFO cannot be opened */
export function openUnboundedReceiver({ path, bytes }: UnboundedPlace, blocking: boolean) {
  const fd = open(path, constants.O_RDONLY | (blocking ? 0 : constants.O_NONBLOCK))
  const message = Buffer.alloc(bytes)
  let filled = 0
  return {
    /** The capacity of the pipe in bytes. */
    capacity: () => pipeCapacity(fd),
    /** How many bytes are in the pipe. */
    depth: () => bytesInPipe(fd),
    /**
     * Receives a whole message. The bytes of a partial message are kept for the next call.
     * @throws SystemCallError: EAGAIN when the receiver is nonblocking and the pipe has no whole message
     */
    receive(): Buffer {
      while (filled < bytes) filled += read(fd, message.subarray(filled), path)
      filled = 0
      return Buffer.from(message)
    },
    close: () => closeSync(fd),
  }
}

/** @returns how many bytes it read, at least 1 */
function read(fd: number, into: Buffer, path: string): number {
  try {
    const length = readSync(fd, into)
    if (length > 0) return length
  } catch (error) {
    throw systemCallError(error, `cannot read from ${path}`)
  }
  throw new DemoFailed(`no process has the FIFO ${path} open for writing now`)
}

function open(path: string, flags: number): number {
  try {
    return openSync(path, flags)
  } catch (error) {
    const hint = errnoOf(error) === 'ENXIO' ? 'No process has its read end open.' : undefined
    throw systemCallError(error, `cannot open the FIFO ${path}`, hint)
  }
}
