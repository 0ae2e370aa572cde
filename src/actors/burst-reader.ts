/** Reads the bursts of several writers out of one FIFO, and looks whose message was torn. */
import { closeSync, readSync } from 'node:fs'
import { systemCallError } from '../errors.js'
import { now } from '../events.js'
import { openFifo } from '../ipc/fifo.js'
import { createTornFinder, type Torn } from '../ipc/torn-messages.js'
import type { BurstWord } from './burst-writer.js'
import { runActor } from './lib/runtime.js'

export interface BurstReaderConfig {
  path: string
  writers: string[]
}

declare module '../actor-types.js' {
  interface Actors {
    'burst-reader': { config: BurstReaderConfig; word: BurstWord; runsAs: 'process' }
  }
}

runActor<'burst-reader'>(async ({ say, config: { path, writers }, nextWord }) => {
  const object = `FIFO ${path} for reading`
  say({ event: 'call', phase: 'begin', call: 'open', object })
  const fd = await openFifo(path, 'reading', true)
  say({ event: 'call', phase: 'end', call: 'open', object, result: fd })
  const chunk = Buffer.alloc(65_536)
  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    // A BurstWord that is not `end` is two numbers.
    const [size, each] = word.split(' ').map(Number) as [number, number]
    const messages = each * writers.length
    const finder = createTornFinder(writers.length, size)
    const since = now()
    while (finder.bytes < messages * size) finder.take(readOnce(fd, chunk))
    say({ event: 'tally', channel: path, direction: 'received', messages, bytes: finder.bytes, since })
    const sizes = `${messages} messages of ${size} bytes`
    if (finder.first) {
      const value = describe(finder.first, size, writers)
      const { at, writer, message, bytes, by } = finder.first
      // The finder was given the number of writers, and reports no other.
      const data = { at, writer: writers[writer]!, message, bytes, size, by: writers[by]! }
      say({ event: 'evidence', source: 'read(2)', value, about: 'the first torn message', data })
    }
    say({
      event: 'evidence',
      source: 'read(2)',
      value: `${finder.torn} torn, the writer changed ${finder.changes} times`,
      about: sizes,
      data: { torn: finder.torn, changes: finder.changes },
    })
  }
  closeSync(fd)
})

function describe({ at, writer, message, bytes, by }: Torn, size: number, writers: string[]): string {
  return `at byte ${at}: message ${message} of ${writers[writer]}, after ${bytes} of its ${size} bytes, by ${writers[by]}`
}

function readOnce(fd: number, chunk: Buffer): Buffer {
  try {
    const length = readSync(fd, chunk)
    if (length === 0) throw new Error('all writers have closed before their time')
    return chunk.subarray(0, length)
  } catch (error) {
    throw systemCallError(error, 'cannot read the FIFO')
  }
}
