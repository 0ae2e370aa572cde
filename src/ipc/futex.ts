/** Sleeping on memory that processes share, futex(2). Blocks this thread, the event loop included: only for actors. */
import { futex } from './libc.js'
import type { Waiter } from './shared-ring.js'

const FUTEX_WAIT = 0
const FUTEX_WAKE = 1

/** What ends a wait without anything being wrong: the cell had changed already, a signal came, time was up. */
const harmless = new Set(['EAGAIN', 'EINTR', 'ETIMEDOUT'])

/** A waiter for views of a segment that is attached at this address. */
export function futexWaiter(address: bigint): Waiter {
  const addressOf = (cell: Int32Array, index: number) => address + BigInt(cell.byteOffset + 4 * index)
  return {
    wait(cell, index, expected, timeoutMs) {
      try {
        futex(
          addressOf(cell, index),
          FUTEX_WAIT,
          expected,
          timeoutMs === undefined ? null : timespec(timeoutMs),
        )
      } catch (error) {
        if (!harmless.has((error as NodeJS.ErrnoException).code ?? '')) throw error
      }
    },
    notify: (cell, index) => void futex(addressOf(cell, index), FUTEX_WAKE, 2 ** 31 - 1, null),
  }
}

/** struct timespec of 64-bit Linux: seconds and nanoseconds. */
function timespec(milliseconds: number): Uint8Array {
  const seconds = Math.floor(milliseconds / 1000)
  return new Uint8Array(
    BigInt64Array.of(BigInt(seconds), BigInt(Math.round((milliseconds - 1000 * seconds) * 1e6))).buffer,
  )
}
