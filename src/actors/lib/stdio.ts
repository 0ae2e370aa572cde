/**
 * The user's own stdin and stdout in an actor. They are used with plain read(2) and write(2) and never as Node streams, because a
 * stream sets O_NONBLOCK on an open file description that the user's shell shares. The calls block in a thread of the pool, so the
 * event loop continues, and the kernel shows the same wait as for a student's own program.
 */
import { read, write } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DemoFailed, errnoOf, OutputClosed, systemCallError } from '../../errors.js'
import type { Say } from '../../events.js'
import { watchCalls } from './report-slow-call.js'

const [readAsync, writeAsync] = [promisify(read), promisify(write)]

const newline = 10

/** The most bytes that one read may return: the capacity of a pipe. */
const chunkSize = 65_536

/** How long a read may block before it is reported, in milliseconds. */
const patience = 1000

/** How long to wait after EAGAIN, in milliseconds: another process may have made the descriptor nonblocking. */
const pause = 5

/**
 * Reads a descriptor to end of file, chunk by chunk. A chunk is valid until the next one is requested.
 *
 * @param input with `reportEnd`, end of file is reported as an event; `patience`: as above
 * @throws SystemCallError
 */
export async function* chunksOf(
  fd: number,
  input: { object: string; reportEnd?: boolean; patience?: number },
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

/**
 * The lines of stdin, each a copy without its newline. The last line need not have a newline.
 *
 * @param longest the most bytes of a line: /dev/zero has no newline, and would fill the memory
 * @throws DemoFailed as soon as a line is longer; its end has not been read then
 */
export async function* stdinLines(say: Say, longest: number, channel: string): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let length = 0
  let number = 1
  for await (const chunk of chunksOf(0, { object: 'stdin' }, say)) {
    let start = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, start)) {
      if (length + at - start > longest) throw lineTooLong(number, length + at - start, longest, channel)
      yield Buffer.concat([...parts, chunk.subarray(start, at)])
      parts = []
      length = 0
      number++
      start = at + 1
    }
    length += chunk.length - start
    if (length > longest) throw lineTooLong(number, length, longest, channel)
    if (start < chunk.length) parts.push(Buffer.from(chunk.subarray(start)))
  }
  if (parts.length > 0) yield Buffer.concat(parts)
}

function lineTooLong(number: number, soFar: number, longest: number, channel: string): DemoFailed {
  const sizes = `it has ${soFar} bytes so far, a message in ${channel} at most ${longest}`
  return new DemoFailed(`line ${number} was not sent: ${sizes}`, {
    hint: 'The lines before it were sent. Send the rest in pieces.',
  })
}

/**
 * Writes bytes to stdout, and waits while it is full.
 *
 * @throws OutputClosed when stdout has no reader; SystemCallError, for example when the disk is full
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
