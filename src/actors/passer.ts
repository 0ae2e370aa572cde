/** Passes a byte on to another process, which passes it back, and measures how long that takes; or is the other process. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { now, type Say } from '../events.js'
import { openFifo } from '../ipc/fifo.js'
import { play } from './preamble.js'

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
 * What the director may say to the one that begins. `alone`: the same calls on one FIFO that only it has open, so that there is
 * no switch; before the other one comes. `open`: the FIFOs. `pass`: there and back.
 */
export type PasserWord = 'alone' | 'open' | 'pass' | 'end'

const byte = Buffer.alloc(1)

play<PasserConfig>(async ({ say, told, config }) => {
  const { there, back, begins } = config
  if (!begins) {
    const [from, to] = [await openFifo(there, 'reading', true), await openFifo(back, 'writing', true)]
    while (readSync(from, byte) === 1) writeSync(to, byte)
    return
  }
  let [to, from] = [-1, -1]
  for (let word = (await told()) as PasserWord; word !== 'end'; word = (await told()) as PasserWord) {
    if (word === 'alone') {
      const fd = openSync(there, constants.O_RDWR)
      measure(say, config, 'into a FIFO and out of it again', fd, fd)
      closeSync(fd)
    }
    if (word === 'open') {
      const about = {
        event: 'call',
        call: 'open',
        object: 'both FIFOs, one for writing and one for reading',
      } as const
      say({ ...about, phase: 'begin' })
      to = await openFifo(there, 'writing', true)
      from = await openFifo(back, 'reading', true)
      say({ ...about, phase: 'end' })
    }
    if (word === 'pass') measure(say, config, 'there and back', to, from)
  }
})

/** The call returns the median, in nanoseconds. */
function measure(
  say: Say,
  { there, times, patience }: PasserConfig,
  way: string,
  to: number,
  from: number,
): void {
  const about = { event: 'call', call: 'pass a byte', object: `${way}: the median in nanoseconds` } as const
  const taken = new Float64Array(times)
  say({ ...about, phase: 'begin' })
  const since = now()
  const end = performance.now() + patience
  let count = 0
  for (let time = performance.now(); count < times && time < end; ) {
    writeSync(to, byte)
    readSync(from, byte)
    const after = performance.now()
    taken[count++] = after - time
    time = after
  }
  say({ event: 'tally', channel: there, direction: 'sent', messages: count, bytes: count, since })
  const median = taken.subarray(0, count).sort()[count >> 1]!
  say({ ...about, phase: 'end', result: Math.round(median * 1e6) })
}
