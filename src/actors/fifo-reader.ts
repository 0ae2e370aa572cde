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
import { counted } from '../text.js'
import { expectMany } from './lib/bulk.js'
import { createTaker, type Taker, type TakerConfig } from './lib/line-taker.js'
import { createMeter, type Meter } from './lib/meter.js'
import { runActor } from './lib/runtime.js'
import { alignedBuffer } from './lib/stdio.js'

export interface FifoReaderConfig extends TakerConfig {
  path: string
  /** The FIFO must belong to this user and be closed to others. */
  ours: boolean
  /** After the last writer has closed, wait for the next. */
  follow: boolean
}

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

declare module '../actor-types.js' {
  interface Actors {
    'fifo-reader': { config: FifoReaderConfig; word: never; runsAs: 'process' }
  }
}

runActor<'fifo-reader'>(async ({ say, config }) => {
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
    role: 'closing',
    data: { messages: meter.messages, bytes: meter.bytes, dropped },
  })
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
