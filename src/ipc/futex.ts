/** Sleeping on memory that processes share, futex(2). Blocks this thread, the event loop included: only for actors. */
import { openFutex } from './libc.js'
import type { Waiter } from './shared-ring/waiting.js'

/** A waiter for views of a segment that is attached at this address. @throws Unavailable where there is no futex(2) */
export function futexWaiter(address: bigint): Waiter {
  const { wait, wake } = openFutex()
  const addressOf = (cell: Int32Array, index: number) => address + BigInt(cell.byteOffset + 4 * index)
  return {
    wait: (cell, index, expected) => wait(addressOf(cell, index), expected),
    notify: (cell, index) => wake(addressOf(cell, index)),
  }
}
