/** Writes bursts of equal messages to a FIFO, each message with one write(2), while other writers do the same. */
import { closeSync, writeSync } from 'node:fs'
import { DemoFailed, systemCallError } from '../errors.js'
import { now } from '../events.js'
import { openFifo } from '../ipc/fifo.js'
import { byteOf } from '../ipc/torn-messages.js'
import { runActor } from './lib/runtime.js'

export interface BurstWriterConfig {
  path: string
  /** The index of this writer, from 0. It decides which byte its messages consist of. */
  index: number
}

/** What the supervisor may send: how many bytes a message has, and how many messages to write. */
export type BurstWord = `${number} ${number}` | 'end'

declare module '../actor-types.js' {
  interface Actors {
    'burst-writer': { config: BurstWriterConfig; word: BurstWord; runsAs: 'process' }
  }
}

runActor<'burst-writer'>(async ({ say, config: { path, index }, nextWord }) => {
  const fd = await openFifo(path, 'writing', true)
  say({ event: 'call', phase: 'end', call: 'open', object: 'the FIFO for writing', result: fd })
  const since = now()
  let messages = 0
  let bytes = 0
  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    // A BurstWord that is not `end` is two numbers.
    const [size, number] = word.split(' ').map(Number) as [number, number]
    const message = Buffer.alloc(size, byteOf(index))
    for (let i = 0; i < number; i++) writeOnce(fd, message)
    messages += number
    bytes += number * size
  }
  say({ event: 'tally', channel: path, direction: 'sent', messages, bytes, since })
  closeSync(fd)
})

/** A blocking write(2) to a pipe returns when all bytes are in it. While it blocks halfway, another writer's bytes may come in between. */
function writeOnce(fd: number, message: Buffer): void {
  try {
    const written = writeSync(fd, message)
    if (written === message.length) return
    throw new DemoFailed(
      `the last reader closed the FIFO when it had taken ${written} of ${message.length} bytes`,
    )
  } catch (error) {
    throw systemCallError(error, 'cannot write to the FIFO')
  }
}
