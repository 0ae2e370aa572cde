/** Reads a FIFO until the last writer has closed it. */
import { closeSync, readSync } from 'node:fs'
import { errnoOf, systemCallError } from '../errors.js'
import type { Say } from '../events.js'
import { openKeeper } from '../ipc/fifo.js'
import { maySplice } from '../ipc/splice.js'
import { counted } from '../text.js'
import { createByteTaker, createLineTaker, type Taker, type TakerConfig } from './lib/line-taker.js'
import { createMeter } from './lib/meter.js'
import { bytesMoved, prepareMove } from './lib/move-bytes.js'
import { createOpener, type EndConfig } from './lib/open-end.js'
import { runActor } from './lib/runtime.js'
import { chunksOf } from './lib/stdio.js'

export interface FifoReaderConfig extends TakerConfig, EndConfig {
  /** Wait for the next writer after the last one has closed. */
  follow: boolean
  /** How long a read may block before it is reported, in milliseconds. Left out, a second. */
  patience?: number
}

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
  /** Keeps the pipe alive between two writers. */
  let keeper: number | undefined
  const openEnd = createOpener(say, config, 'reading', {
    look: async () => keeper === undefined || (await takeFrom(keeper, taker)) !== 'over',
    async isUsed(left) {
      keeper ??= openKeeper(left)
      const before = meter.bytes
      const rest = keeper === undefined ? 'ended' : await takeFrom(keeper, taker)
      return rest === 'over' ? rest : rest === 'writer' || meter.bytes > before
    },
    onReplaced() {
      if (keeper !== undefined) closeSync(keeper)
      keeper = undefined
    },
  })
  for (let more = true; more; ) {
    const fd = await openEnd()
    if (fd === undefined) break
    if (config.follow) keeper ??= openKeeper(fd)
    const move = { from: fd, to: 1, object: `${object} to stdout` }
    const before = meter.bytes
    const finished = await moveBytes?.(move, meter, say)
    spliced += meter.bytes - before
    const ended =
      finished ||
      (await drain(
        fd,
        taker,
        { object, ...(config.patience !== undefined && { patience: config.patience }) },
        say,
      ))
    closeSync(fd)
    more = ended && taker.end() && config.follow
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
 * Takes what a writer has left in the pipe that opened and closed before our open(2) began: that call waits for the next one.
 *
 * @param keeper a descriptor of the pipe in nonblocking mode
 * @returns `over` when `taker` wants no more bytes; `writer` when the pipe is empty and has a writer, `ended` when it has none
 */
async function takeFrom(keeper: number, taker: Taker): Promise<'over' | 'writer' | 'ended'> {
  const chunk = Buffer.alloc(65_536)
  for (;;) {
    try {
      const length = readSync(keeper, chunk)
      // End of file: that writer has closed, so its last line is complete.
      if (length === 0) return taker.end() ? 'ended' : 'over'
      if (!(await taker.chunk(chunk.subarray(0, length)))) return 'over'
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return 'writer'
      throw systemCallError(error, 'cannot read the FIFO')
    }
  }
}

/** Reads until end of file (true), or until `taker` wants no more bytes (false). */
async function drain(
  fd: number,
  taker: Taker,
  read: { object: string; patience?: number },
  say: Say,
): Promise<boolean> {
  for await (const chunk of chunksOf(fd, { ...read, reportEnd: true }, say))
    if (!(await taker.chunk(chunk))) return false
  return true
}
