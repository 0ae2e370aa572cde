/** Writes messages, or its stdin, to a FIFO. It first waits in open(2) for a reader. */
import { close, write } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { errnoOf, SystemCallError, systemCallError } from '../errors.js'
import { now, type Say } from '../events.js'
import { hasReader } from '../ipc/fifo.js'
import { counted } from '../text.js'
import { createMeter, type Meter, textOf } from './lib/meter.js'
import { bytesMoved, prepareMove } from './lib/move-bytes.js'
import { createOpener, type EndConfig } from './lib/open-end.js'
import { patiently } from './lib/report-slow-call.js'
import { runActor } from './lib/runtime.js'
import { chunksOf } from './lib/stdio.js'

export interface FifoWriterConfig extends EndConfig {
  /** Messages without their newline. A number stands for that many numbered messages; null copies stdin as it is. */
  messages: string[] | number | null
  /** How often the messages are sent. */
  rounds: number
  /** Pause between two messages. */
  intervalMs: number
  /** Keep the FIFO open after the last message until the supervisor sends `close`. */
  hold: boolean
  /** The role of the note with the totals: a tool sets `closing`, because they are its result. Left out, `step`. */
  totals?: 'closing'
}

const writeAsync = promisify(write)

/** How long a write may take, in milliseconds, before it is reported as a call that blocks. */
const patience = 50

declare module '../actor-types.js' {
  interface Actors {
    'fifo-writer': { config: FifoWriterConfig; word: 'close'; runsAs: 'process' }
  }
}

runActor<'fifo-writer'>(async ({ say, config, nextWord }) => {
  const moveBytes = config.messages === null ? prepareMove(0) : undefined
  const fifo = config.label ?? `FIFO ${config.path}`
  const fd = await createOpener(say, config, 'writing', { isUsed: async (left) => hasReader(left) })()
  if (fd === undefined) throw new Error('a writer never stops to need its end')
  const meter = createMeter(say, config.path, 'sent')
  let spliced = 0
  if (!moveBytes) await sendMessages(fd, config, fifo, meter, say)
  else {
    const ended = await moveBytes({ from: 0, to: fd, object: `stdin to ${fifo}` }, meter, say)
    spliced = meter.bytes
    if (!ended) await copyStdin(fd, fifo, meter, say)
  }
  meter.flush()
  if (config.hold) await nextWord()
  const { messages, bytes } = meter
  const [what, data] = moveBytes
    ? [bytesMoved(bytes, spliced), { bytes, spliced }]
    : [`${counted(messages, 'message')}, ${counted(bytes, 'byte')}`, { messages, bytes }]
  const closing = now()
  await promisify(close)(fd)
  // With the time when close(2) began: the reader may report end of file before it has returned here.
  say(
    { event: 'note', text: `Sent ${what}, and closed the FIFO.`, role: config.totals ?? 'step', data },
    closing,
  )
})

async function copyStdin(fd: number, fifo: string, meter: Meter, say: Say): Promise<void> {
  for await (const chunk of chunksOf(0, { object: 'stdin' }, say)) {
    await writeAll(fd, chunk, fifo, say)
    meter.bulk(0, chunk.length)
  }
}

function* messagesOf({ messages, rounds }: FifoWriterConfig): Generator<string> {
  if (typeof messages === 'number') for (let i = 0; i < messages; i++) yield `Message ${i}`
  else for (let round = 0; round < rounds; round++) yield* messages ?? []
}

async function sendMessages(
  fd: number,
  config: FifoWriterConfig,
  fifo: string,
  meter: Meter,
  say: Say,
): Promise<void> {
  for (const message of messagesOf(config)) {
    if (meter.messages > 0 && config.intervalMs > 0) await sleep(config.intervalMs)
    const line = Buffer.from(`${message}\n`)
    // With the time when write(2) begins: the reader may have received the message before it returns.
    const begin = now()
    await writeAll(fd, line, fifo, say)
    meter.message(line.length, () => textOf(line.subarray(0, -1)), { at: begin, including: 'newline' })
  }
}

/**
 * A blocking write(2) in a thread of Node's pool. So while the pipe is full, /proc shows this process as it would show a
 * student's own program: waiting in write(2). A call that blocks is reported.
 */
async function writeAll(fd: number, bytes: Buffer, object: string, say: Say): Promise<void> {
  const writing = (async () => {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await writeAsync(fd, bytes, done, bytes.length - done, null)
      done += bytesWritten
    }
  })()
  try {
    await patiently(say, { call: 'write', object: `${object}: the pipe is full`, patience }, writing)
  } catch (error) {
    if (errnoOf(error) !== 'EPIPE') throw systemCallError(error, 'cannot write to the FIFO')
    throw new SystemCallError(`cannot write to ${object}: write: EPIPE (broken pipe)`, 'write', 'EPIPE', {
      cause: error,
      hint: 'The last reader has closed it. Start a reader again, then send again.',
    })
  }
}
