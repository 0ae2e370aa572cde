/**
 * Reads a FIFO until the last writer has closed it. To look at one by hand while it waits:
 * `cat /proc/PID/task/*\/wchan`.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { errnoOf, systemCallError } from '../errors.js'
import { now, type Say } from '../events.js'
import { openFifo, openKeeper } from '../ipc/fifo.js'
import { expectMany } from './bulk.js'
import { counted, createMeter, type Meter, shortText, textOf } from './meter.js'
import { play } from './preamble.js'
import { alignedBuffer, writeOut } from './stdio.js'

export interface FifoReaderConfig {
  path: string
  /** The FIFO must belong to this user and be closed to others. */
  ours: boolean
  /** After the last writer has closed, wait for the next. */
  follow: boolean
  /** End after so many messages. */
  max: number | null
  /** Copy what comes to stdout as it is. */
  copy: boolean
  /** Make an event of every message. */
  report: boolean
}

const newline = 10

/** More than one read(2) gives, which is what a pipe holds: a read that leaves room is known to have emptied it. */
const chunkSize = 131_072

/** What a pipe holds that nobody has enlarged, in bytes. After so many reads of a full one in a row, many bytes come. */
const pipeSize = 65_536
const manyReads = 8

/** What one read may give once the pipe holds more, in bytes: what still fits into the processor's cache. */
const largeChunk = 262_144

/** How long the pipe may be silent before we say that we wait, in milliseconds. */
const patience = 1000

/** Pause between two looks for what a writer left that came and went, in milliseconds. */
const gapPause = 20

play<FifoReaderConfig>(async ({ say, config }) => {
  const object = `FIFO ${config.path}`
  const meter = createMeter(say, config.path, 'received')
  const taker = createTaker(meter, config)
  let keeper: number | undefined
  for (let more = true; more; ) {
    say({ event: 'call', phase: 'begin', call: 'open', object: `${object} for reading` })
    const opening = openFifo(config.path, 'reading', config.ours)
    const fd = keeper === undefined ? await opening : await openWhileKept(opening, keeper, config.path, taker)
    if (fd === undefined) break
    say({ event: 'call', phase: 'end', call: 'open', object: `${object} for reading`, result: fd })
    if (config.follow) keeper ??= openKeeper(fd)
    const ended = await drain(fd, taker, object, say)
    if (ended) taker.end()
    more = config.follow && ended
    meter.flush()
  }
  sayTotals(say, meter, taker.dropped)
})

function sayTotals(say: Say, meter: Meter, dropped: number): void {
  const behind = dropped > 0 ? `; ${counted(dropped, 'byte')} behind the last one were read and dropped` : ''
  say({
    event: 'note',
    text: `received ${counted(meter.messages, 'message')}, ${counted(meter.bytes, 'byte')}${behind}`,
  })
}

interface Taker {
  /** Takes a chunk; false when it wants no more. A promise while stdout is full: until then the chunk is in use. */
  chunk(bytes: Buffer): Promise<boolean> | boolean
  /** The stream has ended: what is left is a message without newline. */
  end(): void
  /** How many bytes were read behind the last message that was wanted. */
  readonly dropped: number
}

/**
 * Waits for the next writer. One that came and went before our open began has left its bytes in the pipe, which `keeper`
 * keeps alive: they are looked for until the open returns.
 *
 * @returns undefined when enough was taken that way
 */
async function openWhileKept(
  opening: Promise<number>,
  keeper: number,
  path: string,
  taker: Taker,
): Promise<number | undefined> {
  let waiting = true
  const over = () => {
    waiting = false
  }
  opening.then(over, over)
  while (waiting) {
    const bytes = readNow(keeper)
    if (bytes.length > 0 && !(await taker.chunk(bytes))) {
      // A writer for a moment: it wakes our own open, whose thread would keep this process alive.
      closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
      return undefined
    }
    await Promise.race([opening.catch(() => {}), sleep(gapPause)])
  }
  return opening
}

/** What a descriptor in nonblocking mode has now; empty when there is nothing, or no writer. */
function readNow(fd: number): Buffer {
  const chunk = Buffer.alloc(65_536)
  try {
    return chunk.subarray(0, readSync(fd, chunk))
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return chunk.subarray(0, 0)
    throw systemCallError(error, 'cannot read the FIFO')
  }
}

/**
 * Reads until end-of-file (true) or until enough was taken (false). A socket over the descriptor, not fs.read: the
 * event loop stays free, no thread of the pool is parked, and bytes come straight into one buffer.
 */
function drain(fd: number, taker: Taker, object: string, say: Say): Promise<boolean> {
  let since = now()
  let told = false
  const arrived = (length: number) => {
    since = now()
    if (told) say({ event: 'call', phase: 'end', call: 'read', object, result: length })
    told = false
  }
  let buffer = alignedBuffer(chunkSize)
  let fullReads = 0
  const watchFor = (length: number) => {
    fullReads = length >= pipeSize ? fullReads + 1 : 0
    if (fullReads !== manyReads) return
    expectMany(say, fd, object)
    buffer = alignedBuffer(largeChunk)
  }
  return new Promise((resolve, reject) => {
    const onread: ConnectOpts['onread'] = {
      buffer: () => buffer,
      callback(length, bytes) {
        arrived(length)
        watchFor(length)
        const more = taker.chunk((bytes as Buffer).subarray(0, length))
        if (more === true) return true
        Promise.resolve(more).then((goOn) => {
          if (goOn) return void socket.resume()
          socket.destroy()
          resolve(false)
        }, reject)
        return false // pauses the socket
      },
    }
    // `onread` works for a descriptor as it does for a connection; the types know it for the latter only.
    const options: SocketConstructorOpts & ConnectOpts = { fd, readable: true, writable: false, onread }
    const socket = new Socket(options)
    socket.setTimeout(patience, () => {
      if (!told) say({ event: 'call', phase: 'begin', call: 'read', object }, since)
      told = true
    })
    socket.on('end', () => {
      say({ event: 'call', phase: 'end', call: 'read', object, result: 0 })
      socket.destroy()
      resolve(true)
    })
    socket.on('error', (error) => reject(systemCallError(error, 'cannot read the FIFO')))
    socket.resume()
  })
}

/** Lines are short when the first of a chunk is shorter than this, in bytes. */
const shortLine = 128

/**
 * Finds the newlines of a chunk: the function gives the offset of the first one from an offset on, or -1. For short lines
 * the chunk becomes a string once, because a search in a string costs half of a call into a Buffer.
 */
function lineEnds(bytes: Buffer): (from: number) => number {
  const first = bytes.indexOf(newline)
  if (first < 0 || first >= shortLine) return (from) => bytes.indexOf(newline, from)
  const text = bytes.toString('latin1')
  return (from) => text.indexOf('\n', from)
}

/** Cuts the stream into messages (lines), copies it to stdout, and reports each message or only how many they were. */
function createTaker(meter: Meter, { copy, report, max }: FifoReaderConfig): Taker {
  let left = max ?? Number.POSITIVE_INFINITY
  let dropped = 0
  // The message whose newline has not come yet. Of a long one only the length is kept, so memory stays constant.
  let length = 0
  const head = Buffer.alloc(shortText)

  function add(bytes: Buffer, start: number, end: number): void {
    if (length < shortText) bytes.copy(head, length, start, end)
    length += end - start
  }

  /** The message in `head` is complete. `end` is 1 when a newline ended it: that byte came through the pipe too. */
  function finish(end: 0 | 1): void {
    meter.message(length + end, () => (length <= shortText ? textOf(head.subarray(0, length)) : undefined))
    length = 0
  }

  return {
    chunk(bytes) {
      const nextEnd = lineEnds(bytes)
      let start = 0
      let messages = 0
      let at = nextEnd(0)
      for (; report && !meter.counting && at >= 0 && messages < left; at = nextEnd(start)) {
        add(bytes, start, at)
        finish(1)
        start = at + 1
        messages++
      }
      const told = { messages, end: start }
      for (; at >= 0 && messages < left; at = nextEnd(start)) {
        start = at + 1
        messages++
      }
      left -= messages
      const end = left > 0 ? bytes.length : start
      dropped = bytes.length - end
      if (report) {
        if (messages > told.messages) {
          meter.bulk(messages - told.messages, length + start - told.end)
          length = 0
        }
        add(bytes, start, end)
      } else {
        length = start < end ? 1 : 0
        meter.bulk(messages, end)
      }
      if (!copy) return left > 0
      const written = writeOut(bytes, end)
      return written ? written.then(() => left > 0) : left > 0
    },
    end() {
      if (length === 0) return
      if (report) finish(0)
      else meter.bulk(1, 0)
      length = 0
    },
    get dropped() {
      return dropped
    },
  }
}
