/** Writes messages, or its stdin, into a FIFO; waits for a reader first. */
import { close, write } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { errnoOf, SystemCallError, systemCallError } from '../errors.js'
import { now, type Say } from '../events.js'
import { openFifo } from '../ipc/fifo.js'
import { counted } from '../text.js'
import { createMeter, type Meter, textOf } from './lib/meter.js'
import { bytesMoved, prepareMove } from './lib/move-bytes.js'
import { patiently } from './lib/report-slow-call.js'
import { runActor } from './lib/runtime.js'
import { chunksOf } from './lib/stdio.js'

export interface FifoWriterConfig {
  path: string
  /** The FIFO must belong to this user and be closed to others. */
  ours: boolean
  /** Messages without their newline; a number stands for so many numbered ones; null copies stdin as it is. */
  messages: string[] | number | null
  /** How often the messages are sent. */
  rounds: number
  /** Pause between two messages. */
  intervalMs: number
  /** Keep the FIFO open after the last message until told to close it. */
  hold: boolean
}

const writeAsync = promisify(write)

/** How long a write may take before we say that it waits, in milliseconds. */
const patience = 50

declare module '../actor-types.js' {
  interface Actors {
    'fifo-writer': { config: FifoWriterConfig; word: 'close'; runsAs: 'process' }
  }
}

runActor<'fifo-writer'>(async ({ say, config, nextWord }) => {
  const moveBytes = config.messages === null ? prepareMove(0) : undefined
  const object = `FIFO ${config.path} for writing`
  say({ event: 'call', phase: 'begin', call: 'open', object })
  const fd = await openFifo(config.path, 'writing', config.ours)
  say({ event: 'call', phase: 'end', call: 'open', object, result: fd })
  const meter = createMeter(say, config.path, 'sent')
  let spliced = 0
  if (!moveBytes) await sendMessages(fd, config, meter, say)
  else {
    const ended = await moveBytes({ from: 0, to: fd, object: `stdin to FIFO ${config.path}` }, meter, say)
    spliced = meter.bytes
    if (!ended) await copyStdin(fd, config.path, meter, say)
  }
  meter.flush()
  if (config.hold) await nextWord()
  const { messages, bytes } = meter
  const [what, data] = moveBytes
    ? [bytesMoved(bytes, spliced), { bytes, spliced }]
    : [`${counted(messages, 'message')}, ${counted(bytes, 'byte')}`, { messages, bytes }]
  const closing = now()
  await promisify(close)(fd)
  // Closed when the call begins: the reader may speak of its end of file before close(2) has returned here.
  say({ event: 'note', text: `sent ${what}, and closes`, role: 'closing', data }, closing)
})

async function copyStdin(fd: number, path: string, meter: Meter, say: Say): Promise<void> {
  for await (const chunk of chunksOf(0, { object: 'stdin' }, say)) {
    await writeAll(fd, chunk, `FIFO ${path}`, say)
    meter.bulk(0, chunk.length)
  }
}

function* messagesOf({ messages, rounds }: FifoWriterConfig): Generator<string> {
  if (typeof messages === 'number') for (let i = 0; i < messages; i++) yield `Message ${i}`
  else for (let round = 0; round < rounds; round++) yield* messages ?? []
}

async function sendMessages(fd: number, config: FifoWriterConfig, meter: Meter, say: Say): Promise<void> {
  for (const message of messagesOf(config)) {
    if (meter.messages > 0 && config.intervalMs > 0) await sleep(config.intervalMs)
    const line = Buffer.from(`${message}\n`)
    // Sent when the call begins: when it has returned, the reader may long have received it.
    const begin = now()
    await writeAll(fd, line, `FIFO ${config.path}`, say)
    meter.message(line.length, () => textOf(line.subarray(0, -1)), begin)
  }
}

/**
 * A blocking write(2) in a thread of the pool: what the kernel says of this process while the pipe is full is what
 * a student's own program would look like. When it takes long we say so.
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
    throw new SystemCallError('the reader has closed its end: write: EPIPE (broken pipe)', 'write', 'EPIPE', {
      cause: error,
      hint: 'start the reader again, then send again',
    })
  }
}
