/** Sends a byte to another process, which sends it back, and measures the round trip. The same program is the other process. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { now, type Say } from '../events.js'
import { openFifo } from '../ipc/fifo.js'
import { micro } from '../text.js'
import { runActor, splitWord } from './lib/runtime.js'

export interface PasserConfig {
  /** The paths of the two FIFOs. */
  there: string
  back: string
  /** True for the process that sends first and measures. The other one sends back until it reads end of file. */
  begins: boolean
  /** The most round trips of one measurement, and the most milliseconds that it may take. */
  times: number
  patience: number
}

/**
 * Commands of the supervisor to the process that begins. `alone` measures the same calls on one FIFO that no other process has
 * open, so that there is no switch; it comes before the other process is started. `open` opens both FIFOs. `pass N M` measures
 * round trips; N and M are the CPUs of the two processes, for the evidence.
 */
export type PasserWord = 'alone' | 'open' | `pass ${number} ${number}` | 'end'

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
      measure(say, config, fd, fd, (times) => `write(2) and read(2) without a switch, median of ${times}`)
      closeSync(fd)
    } else if (verb === 'open') {
      const about = { event: 'call', call: 'open', object: 'both FIFOs, one for each direction' } as const
      say({ ...about, phase: 'begin' })
      to = await openFifo(there, 'writing', true)
      from = await openFifo(back, 'reading', true)
      say({ ...about, phase: 'end' })
    } else if (verb === 'pass') {
      const cpus = where.split(' ').map(Number)
      const place = cpus[0] === cpus[1] ? `both on CPU ${cpus[0]}` : `on CPUs ${cpus.join(' and ')}`
      measure(say, config, to, from, (times) => `round trip of one byte, ${place}, median of ${times}`, cpus)
    }
  }
})

/** Makes round trips, and reports their number as a tally and their median as evidence. */
function measure(
  say: Say,
  config: PasserConfig,
  to: number,
  from: number,
  about: (times: number) => string,
  cpus?: number[],
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
  // The loop above ran at least once, so there is an element in the middle.
  const median = taken.subarray(0, count).sort()[count >> 1]!
  const microseconds = median * 1000
  const value = micro(microseconds)
  const data = { microseconds, ...(cpus && { cpus }) }
  say({ event: 'evidence', source: 'CLOCK_MONOTONIC', value, about: about(count), data })
}
