/**
 * A channel without a limit, for one sender and one receiver. The kernel has none: what a pipe does not take stays in the memory
 * of the sender, in a queue that grows as long as the sender sends faster than the receiver receives. Messages have a fixed
 * size, so that a pipe, which knows bytes only, can carry them.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { Socket } from 'node:net'
import { DemoFailed, errnoOf, systemCallError } from '../errors.js'
import { bytesInPipe, pipeCapacity } from './pipe-room.js'

export interface UnboundedPlace {
  /** A FIFO that somebody holds open for reading and for writing. */
  path: string
  /** Of each message. */
  bytes: number
  /** The most bytes that may wait in the sender's memory. */
  limit: number
}

/** @throws SystemCallError when the FIFO cannot be opened: ENXIO when nobody holds it */
export function openUnboundedSender({ path, bytes, limit }: UnboundedPlace) {
  const fd = open(path, constants.O_WRONLY | constants.O_NONBLOCK)
  const pipe = new Socket({ fd, readable: false, writable: true })
  /** Messages that the pipe has not taken as a whole. */
  const waiting: Uint8Array[] = []
  let allTaken = () => {}
  pipe.on('error', () => {})

  /** One at a time: of several that it is given at once, Node tells only when the pipe has taken all of them. */
  function writeFirst(): void {
    // The callers check that a message waits.
    pipe.write(waiting[0]!, () => {
      waiting.shift()
      if (waiting.length > 0) writeFirst()
      else allTaken()
    })
  }

  return {
    /** How many messages wait: in this memory, and as a whole in the pipe. Asks the stream first what the pipe took by now. */
    async depth(): Promise<number> {
      await new Promise((resolve) => setImmediate(resolve))
      return waiting.length + Math.floor(bytesInPipe(fd) / bytes)
    },
    /** Never waits. @throws DemoFailed when more than the limit would wait in memory */
    send(message: Uint8Array): void {
      if ((waiting.length + 1) * bytes > limit) {
        throw new DemoFailed(
          `the queue in the sender's memory has reached its limit: ${waiting.length} messages of ${bytes} bytes wait in it, ` +
            `and one more would be over ${limit}`,
          { hint: 'an unbounded queue ends where memory ends: let the sender wait, or give more --limit' },
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
    /** How many bytes the pipe holds at most. */
    capacity: () => pipeCapacity(fd),
    /** How many bytes are in the pipe. */
    depth: () => bytesInPipe(fd),
    /**
     * A whole message. Of one that has come in part, what is there is kept for the next call.
     * @throws SystemCallError: EAGAIN when the receiver is nonblocking and no whole message is there
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
  throw new DemoFailed(`nobody holds ${path} for writing any more`)
}

function open(path: string, flags: number): number {
  try {
    return openSync(path, flags)
  } catch (error) {
    const hint = errnoOf(error) === 'ENXIO' ? 'nobody holds its other end' : undefined
    throw systemCallError(error, `cannot open the FIFO ${path}`, hint)
  }
}
