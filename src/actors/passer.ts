/** Passes a byte on to another process, which passes it back, and measures how long that takes; or is the other process. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { now, type Say } from '../events.js'
import { openFifo } from '../ipc/fifo.js'
import { micro } from '../text.js'
import { runActor, splitWord } from './lib/runtime.js'

export interface PasserConfig {
  /** Paths of two FIFOs. */
  there: string
  back: string
  /** It sends the byte and measures; the other one answers until this one has closed. */
  begins: boolean
  /** How often the byte is passed at most, and for how long at most, in milliseconds. */
  times: number
  patience: number
}

/**
 * What the supervisor may say to the one that begins. `alone`: the same calls on one FIFO that only it has open, so that there is
 * no switch; before the other one comes. `open`: both FIFOs. `pass WHERE`: there and back, with both running there.
 */
export type PasserWord = 'alone' | 'open' | `pass ${string}` | 'end'

const byte = Buffer.alloc(1)

declare module '../actor-types.js' {
  interface Actors {
    passer: { config: PasserConfig; word: PasserWord; runsAs: 'process' }
  }
}

runActor<'passer'>(async ({ say, nextWord, config }) => {
  const { there, back, begins } = config
  if (!begins) {
    const [from, to] = [await openFifo(there, 'reading', true), await openFifo(back, 'writing', true)]
    while (readSync(from, byte) === 1) writeSync(to, byte)
    return
  }
  let [to, from] = [-1, -1]
  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    const [verb, where] = splitWord(word)
    if (verb === 'alone') {
      const fd = openSync(there, constants.O_RDWR)
      measure(say, config, fd, fd, (times) => `a write(2) and a read(2) without a switch, median of ${times}`)
      closeSync(fd)
    } else if (verb === 'open') {
      const about = { event: 'call', call: 'open', object: 'both FIFOs, one for each direction' } as const
      say({ ...about, phase: 'begin' })
      to = await openFifo(there, 'writing', true)
      from = await openFifo(back, 'reading', true)
      say({ ...about, phase: 'end' })
    } else if (verb === 'pass') {
      measure(say, config, to, from, (times) => `a byte there and back, ${where}, median of ${times}`)
    }
  }
})

/** Passes the byte again and again, and tells how often, and how long once took. */
function measure(
  say: Say,
  config: PasserConfig,
  to: number,
  from: number,
  about: (times: number) => string,
): void {
  const taken = new Float64Array(config.times)
  const since = now()
  const end = performance.now() + config.patience
  let count = 0
  let time = performance.now()
  do {
    writeSync(to, byte)
    readSync(from, byte)
    const after = performance.now()
    taken[count++] = after - time
    time = after
  } while (count < taken.length && time < end)
  say({ event: 'tally', channel: config.there, direction: 'sent', messages: count, bytes: count, since })
  // The loop above ran at least once, so there is a middle one.
  const median = taken.subarray(0, count).sort()[count >> 1]!
  const microseconds = median * 1000
  const value = micro(microseconds)
  say({ event: 'evidence', source: 'CLOCK_MONOTONIC', value, about: about(count), data: { microseconds } })
}
