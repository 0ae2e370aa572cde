/** What the parts of a measurement cost: a look at the clock, a call through koffi, and calls that copy without a switch. */
import { closeSync, readSync, writeSync } from 'node:fs'
import { pipe } from '../ipc/connected.js'
import { getpagesize } from '../ipc/libc.js'
import { quantile } from './statistics.js'

export interface Yardstick {
  /** Nanoseconds of one look at the clock. */
  clock: number
  /** Nanoseconds of a call of the C library through koffi, which does nothing there. */
  ffi: number
  /** Microseconds of a write(2) and a read(2) of so many bytes on a pipe of this process: no process is woken, and none waits. */
  sizes: { size: number; alone: number }[]
}

/** From one byte to what a pipe holds. */
const sizes = [1, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536]

const [calls, trips] = [20_000, 400]

export function yardstick(): Yardstick {
  return { clock: nanoseconds(() => performance.now()), ffi: nanoseconds(getpagesize), sizes: alone() }
}

/** The time of one call, in nanoseconds: the least of several rounds. */
function nanoseconds(call: () => number): number {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const since = performance.now()
    for (let n = 0; n < calls; n++) call()
    least = Math.min(least, ((performance.now() - since) * 1e6) / calls)
  }
  return least
}

function alone(): Yardstick['sizes'] {
  const [from, to] = pipe()
  const buffer = Buffer.alloc(65_536)
  const found = sizes.map((size) => {
    const times = new Float64Array(trips)
    for (let n = 0; n < trips; n++) {
      const since = performance.now()
      writeSync(to, buffer, 0, size, null)
      readSync(from, buffer, 0, size, null)
      times[n] = (performance.now() - since) * 1000
    }
    return { size, alone: quantile(times.sort(), 0.5) }
  })
  closeSync(from)
  closeSync(to)
  return found
}
