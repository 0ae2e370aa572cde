/**
 * The user's own stdin and stdout in an actor. Through plain read(2) and write(2), never as streams: a stream sets
 * O_NONBLOCK on a description that the user's shell shares with us. The calls block in a thread of the pool, so the event
 * loop goes on, and the kernel shows of this process what it would show of a student's own program.
 */
import { read, write } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { errnoOf, OutputClosed, systemCallError } from '../../errors.js'
import type { Say } from '../../events.js'
import { watchCalls } from './report-slow-call.js'

const [readAsync, writeAsync] = [promisify(read), promisify(write)]

const newline = 10

/** What one read may return, in bytes: what a pipe holds. */
const chunkSize = 65_536

/** How long an input may be silent before we report that we wait for it, in milliseconds. */
const patience = 1000

/** How long to wait when a descriptor is in nonblocking mode, because another process made it so, in milliseconds. */
const pause = 5

/**
 * What a descriptor gives, chunk by chunk, until its end. A chunk is valid until the next is asked for.
 *
 * @param input `reportEnd` reports the end of the input as an event
 * @throws SystemCallError
 */
export async function* chunksOf(
  fd: number,
  input: { object: string; reportEnd?: boolean },
  say: Say,
): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafeSlow(chunkSize)
  const readSome = async () => (await readAsync(fd, chunk, 0, chunkSize, null)).bytesRead
  using watch = watchCalls(say, { call: 'read', patience, ...input })
  for (;;) {
    try {
      const bytes = await watch.wait(readSome())
      if (bytes === 0) return
      yield chunk.subarray(0, bytes)
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw systemCallError(error, `cannot read ${input.object}`)
      await sleep(pause)
    }
  }
}

/** The lines of stdin, without their newline; the last one may have none. Each is a copy of its own. */
export async function* stdinLines(say: Say): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  for await (const chunk of chunksOf(0, { object: 'stdin' }, say)) {
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
 * Writes bytes to stdout, and waits while it is full.
 *
 * @throws OutputClosed when nobody reads stdout any more; SystemCallError, as when the disk is full
 */
export async function writeOut(bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += (await writeAsync(1, bytes, done, bytes.length - done, null)).bytesWritten
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'EPIPE') throw new OutputClosed(error)
      if (errno !== 'EAGAIN') throw systemCallError(error, 'cannot write to stdout')
      await sleep(pause)
    }
  }
}
