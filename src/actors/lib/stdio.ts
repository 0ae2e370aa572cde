/**
 * The user's own stdin and stdout in an actor. Through plain read(2) and write(2), never as streams: a stream sets
 * O_NONBLOCK on a description that the user's shell shares with us.
 */
import { fstatSync, read, readSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { errnoOf, OutputClosed, systemCallError } from '../../errors.js'
import type { Say } from '../../events.js'
import { patiently } from './report-slow-call.js'

const newline = 10

/** How long stdin may be silent before we say that we wait for it, in milliseconds. */
const patience = 1000

/**
 * A zeroed buffer for many bytes that begins at a page of memory. What malloc(3) gives begins 16 bytes behind one, and to
 * such addresses the kernel copies up to three times as slowly. Memory that may be resized comes as whole pages.
 */
export function alignedBuffer(size: number): Buffer {
  return Buffer.from(new ArrayBuffer(size, { maxByteLength: size }), 0, size)
}

/** What one read of stdin may give, in bytes: much, because each is a round trip to a thread of the pool. */
const stdinChunk = 1024 * 1024

/** What stdin gives, chunk by chunk, until its end. A chunk is valid until the next is asked for. */
export async function* stdinChunks(say: Say): AsyncGenerator<Buffer> {
  const chunk = alignedBuffer(stdinChunk)
  // Nobody is waited for at a file, so it is read without the way to a thread and back.
  const isFile = fstatSync(0).isFile()
  const readFile = () => readSync(0, chunk, 0, chunk.length, null)
  const readPatiently = async () => {
    const reading = promisify(read)(0, chunk, 0, chunk.length, null)
    return (await patiently(say, { call: 'read', object: 'stdin', patience }, reading)).bytesRead
  }
  for (;;) {
    try {
      const bytesRead = isFile ? readFile() : await readPatiently()
      if (bytesRead === 0) return
      yield chunk.subarray(0, bytesRead)
    } catch (error) {
      // Somebody before us made it nonblocking.
      if (errnoOf(error) !== 'EAGAIN') throw systemCallError(error, 'cannot read stdin')
      await sleep(5)
    }
  }
}

/** The lines of stdin, without their newline; the last one may have none. Each is a copy of its own. */
export async function* stdinLines(say: Say): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  for await (const chunk of stdinChunks(say)) {
    let start = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, start)) {
      yield Buffer.concat([...parts, chunk.subarray(start, at)])
      parts = []
      start = at + 1
    }
    if (start < chunk.length) parts.push(Buffer.from(chunk.subarray(start)))
  }
  if (parts.length > 0) yield Buffer.concat(parts)
}

/**
 * Writes the bytes up to `end` to stdout. Where stdout is full and somebody made it nonblocking, a promise for the rest.
 *
 * @throws OutputClosed when nobody reads stdout any more; SystemCallError, as when the disk is full
 */
export function writeOut(bytes: Buffer, end = bytes.length, start = 0): Promise<void> | undefined {
  let done = start
  try {
    while (done < end) done += writeSync(1, bytes, done, end - done)
    return undefined
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EPIPE') throw new OutputClosed(error)
    if (errno !== 'EAGAIN') throw systemCallError(error, 'cannot write to stdout')
  }
  return sleep(5).then(() => writeOut(bytes, end, done))
}
