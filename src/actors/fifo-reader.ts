/**
 * Reads a FIFO until the last writer has closed it. To look at one by hand while it waits:
 * `cat /proc/PID/task/*\/wchan`.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { errnoOf, systemCallError } from '../errors.js'
import type { Say } from '../events.js'
import { openFifo, openKeeper } from '../ipc/fifo.js'
import { maySplice } from '../ipc/splice.js'
import { counted } from '../text.js'
import { createByteTaker, createLineTaker, type Taker, type TakerConfig } from './lib/line-taker.js'
import { createMeter } from './lib/meter.js'
import { bytesMoved, prepareMove } from './lib/move-bytes.js'
import { runActor } from './lib/runtime.js'
import { chunksOf } from './lib/stdio.js'

export interface FifoReaderConfig extends TakerConfig {
  path: string
  /** The FIFO must belong to this user and be closed to others. */
  ours: boolean
  /** After the last writer has closed, wait for the next. */
  follow: boolean
}

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
  const moveBytes = wantsBytes(config) ? prepareMove(1) : undefined
  let spliced = 0
  const taker = moveBytes ? createByteTaker(meter) : createLineTaker(meter, config)
  let keeper: number | undefined
  for (let more = true; more; ) {
    say({ event: 'call', phase: 'begin', call: 'open', object: `${object} for reading` })
    const opening = openFifo(config.path, 'reading', config.ours)
    const fd = keeper === undefined ? await opening : await openWhileKept(opening, keeper, config.path, taker)
    if (fd === undefined) break
    say({ event: 'call', phase: 'end', call: 'open', object: `${object} for reading`, result: fd })
    if (config.follow) keeper ??= openKeeper(fd)
    const move = { from: fd, to: 1, object: `${object} to stdout` }
    const before = meter.bytes
    const finished = await moveBytes?.(move, meter, say)
    spliced += meter.bytes - before
    const ended = finished || (await drain(fd, taker, object, say))
    closeSync(fd)
    if (ended) taker.end()
    more = config.follow && ended
    meter.flush()
  }
  const { messages, bytes } = meter
  if (moveBytes) {
    const text = `received ${bytesMoved(bytes, spliced)}; messages were not counted`
    say({ event: 'note', text, role: 'closing', data: { bytes, spliced } })
  } else {
    const { dropped } = taker
    const rest = dropped > 0 ? `; ${counted(dropped, 'byte')} behind the last one were read and dropped` : ''
    const text = `received ${counted(messages, 'message')}, ${counted(bytes, 'byte')}${rest}`
    say({ event: 'note', text, role: 'closing', data: { messages, bytes, dropped } })
  }
})

/** Whether only the bytes matter: nobody asked for single messages, and stdout is no terminal, where a person reads lines. */
function wantsBytes({ copy, report, max }: FifoReaderConfig): boolean {
  return copy && !report && max === null && maySplice(1)
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

/** Takes what comes until the end of the file (true) or until enough was taken (false). */
async function drain(fd: number, taker: Taker, object: string, say: Say): Promise<boolean> {
  for await (const chunk of chunksOf(fd, { object, reportEnd: true }, say))
    if (!(await taker.chunk(chunk))) return false
  return true
}
