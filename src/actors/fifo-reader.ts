/** Reads a FIFO until the last writer has closed it. */
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
  /** The name of the FIFO in events. Left out, `FIFO PATH`. */
  label?: string
  /** The FIFO must belong to this user, and other users must not be able to open it. */
  ours: boolean
  /** Wait for the next writer after the last one has closed. */
  follow: boolean
}

/** Milliseconds between two checks for bytes of a writer that opened and closed before our next open. */
const gapPause = 20

declare module '../actor-types.js' {
  interface Actors {
    'fifo-reader': { config: FifoReaderConfig; word: never; runsAs: 'process' }
  }
}

runActor<'fifo-reader'>(async ({ say, config }) => {
  const object = config.label ?? `FIFO ${config.path}`
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
    const text = `Received ${bytesMoved(bytes, spliced)}, without counting messages.`
    say({ event: 'note', text, data: { bytes, spliced } })
  } else {
    const { dropped } = taker
    const rest = dropped > 0 ? ` Dropped ${counted(dropped, 'byte')} that were read after the last one.` : ''
    const text = `Received ${counted(messages, 'message')}, ${counted(bytes, 'byte')}.${rest}`
    // stdout shows what was received, but not that something was dropped.
    const role = dropped > 0 ? 'closing' : 'step'
    say({ event: 'note', text, role, data: { messages, bytes, dropped } })
  }
})

/** Whether only the bytes matter: no option asks for single messages, and stdout is not a terminal, where a person reads lines. */
function wantsBytes({ copy, report, max }: FifoReaderConfig): boolean {
  return copy && !report && max === null && maySplice(1)
}

/**
 * Waits for the next writer. A writer that opened and closed before our open began has left its bytes in the pipe, which the
 * descriptor `keeper` keeps alive. So until the open returns, `keeper` is read as well.
 *
 * @returns undefined when `taker` wants no more bytes
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
      // Opening for writing lets our own open(2) return. Its thread would otherwise keep this process alive.
      closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
      return undefined
    }
    await Promise.race([opening.catch(() => {}), sleep(gapPause)])
  }
  return opening
}

/** What can be read now from a descriptor in nonblocking mode; empty when the pipe is empty or has no writer. */
function readNow(fd: number): Buffer {
  const chunk = Buffer.alloc(65_536)
  try {
    return chunk.subarray(0, readSync(fd, chunk))
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return chunk.subarray(0, 0)
    throw systemCallError(error, 'cannot read the FIFO')
  }
}

/** Reads until end of file (true), or until `taker` wants no more bytes (false). */
async function drain(fd: number, taker: Taker, object: string, say: Say): Promise<boolean> {
  for await (const chunk of chunksOf(fd, { object, reportEnd: true }, say))
    if (!(await taker.chunk(chunk))) return false
  return true
}
