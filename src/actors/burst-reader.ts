/** Reads the bursts of several writers from one FIFO, and finds torn messages. */
import { closeSync, readSync } from 'node:fs'
import { DemoFailed, systemCallError } from '../errors.js'
import { now } from '../events.js'
import { openFifo } from '../ipc/fifo.js'
import { createTornFinder, type Torn, type TornFinder } from '../ipc/torn-messages.js'
import { counted, thousands } from '../text.js'
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

/** The name of a process that writes to the FIFO but is none of the writers. */
const stranger = 'another process'

runActor<'burst-reader'>(async ({ say, config: { path, writers }, nextWord }) => {
  const object = 'the FIFO for reading'
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
    const sent = `${counted(messages, 'message')} of ${counted(size, 'byte')}`
    if (finder.first) {
      const value = describe(finder.first, size, writers)
      const { at, writer, message, bytes, by } = finder.first
      // The finder was given the number of writers, and no other process has messages.
      const data = { at, writer: writers[writer]!, message, bytes, size, by: writers[by] ?? stranger }
      say({
        event: 'evidence',
        source: 'read(2)',
        value,
        about: `the first torn message, at byte ${thousands(at)}`,
        data,
      })
    }
    const foreign = foreignIn(finder.arrived, each * size)
    const others = foreign > 0 ? `, ${counted(foreign, 'byte')} of other processes` : ''
    say({
      event: 'evidence',
      source: 'read(2)',
      value: `${thousands(finder.torn)} torn, ${counted(finder.changes, 'change')} of writer${others}`,
      about: sent,
      data: {
        ...{ torn: finder.torn, changes: finder.changes, foreign, size },
        // Which process wrote how many bytes, in the order of the stream.
        by: finder.runs.map(({ writer }) => writers[writer] ?? stranger),
        runs: finder.runs.map(({ bytes }) => bytes),
      },
    })
  }
  closeSync(fd)
})

/** How many bytes came from other processes than the writers. @param sent by each writer */
function foreignIn({ writers, others }: TornFinder['arrived'], sent: number): number {
  return writers.reduce((sum, bytes) => sum + Math.max(0, bytes - sent), others)
}

function describe({ writer, bytes, by }: Torn, size: number, writers: string[]): string {
  return `${thousands(bytes)} of ${counted(size, 'byte')} from ${writers[writer]}, then bytes from ${writers[by] ?? stranger}`
}

function readOnce(fd: number, chunk: Buffer): Buffer {
  try {
    const length = readSync(fd, chunk)
    if (length === 0) throw new DemoFailed('all writers closed the FIFO before their bursts were complete')
    return chunk.subarray(0, length)
  } catch (error) {
    throw systemCallError(error, 'cannot read the FIFO')
  }
}
