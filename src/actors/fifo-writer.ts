/** Writes messages, or its stdin, into a FIFO; waits for a reader first. */
import { close, write } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { errnoOf, SystemCallError, systemCallError } from '../errors.js'
import { now, type Say } from '../events.js'
import { openFifo } from '../ipc/fifo.js'
import { counted } from '../text.js'
import { expectMany } from './lib/bulk.js'
import { createMeter, type Meter, textOf } from './lib/meter.js'
import { patiently } from './lib/report-slow-call.js'
import { runActor } from './lib/runtime.js'
import { stdinChunks } from './lib/stdio.js'

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

/** After so many bytes of stdin, many are to be expected. */
const manyBytes = 4 * 2 ** 20

/** How long a write may take before we say that it waits, in milliseconds. */
const patience = 50

declare module '../actor-types.js' {
  interface Actors {
    'fifo-writer': { config: FifoWriterConfig; word: 'close'; runsAs: 'process' }
  }
}

runActor<'fifo-writer'>(async ({ say, config, nextWord }) => {
  const object = `FIFO ${config.path} for writing`
  say({ event: 'call', phase: 'begin', call: 'open', object })
  const fd = await openFifo(config.path, 'writing', config.ours)
  say({ event: 'call', phase: 'end', call: 'open', object, result: fd })
  const meter = createMeter(say, config.path, 'sent')
  if (config.messages !== null) await sendMessages(fd, config, meter, say)
  else {
    let enlarged = false
    for await (const chunk of stdinChunks(say)) {
      await writeAll(fd, chunk, `FIFO ${config.path}`, say)
      meter.bulk(0, chunk.length)
      if (meter.bytes >= manyBytes && !enlarged) {
        enlarged = true
        expectMany(say, fd, object)
      }
    }
  }
  meter.flush()
  if (config.hold) await nextWord()
  const closing = now()
  await promisify(close)(fd)
  const what = config.messages !== null ? `${counted(meter.messages, 'message')}, ` : ''
  // Closed when the call begins: the reader may speak of its end of file before close(2) has returned here.
  say(
    {
      event: 'note',
      text: `sent ${what}${counted(meter.bytes, 'byte')}, and closes`,
      role: 'closing',
      data: { messages: meter.messages, bytes: meter.bytes },
    },
    closing,
  )
})

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
      const { bytesWritten } = await promisify(write)(fd, bytes, done, bytes.length - done, null)
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
