/** Sleeps on memory that processes share: futex(2). It blocks this thread and its event loop, so only actors may use it. */
import { openFutex } from './libc.js'
import type { Waiter } from './shared-ring/waiting.js'

/** A waiter for cells of the segment that is attached at this address. @throws Unavailable where futex(2) does not exist */
export function futexWaiter(address: bigint): Waiter {
  const { wait, wake } = openFutex()
  const addressOf = (cell: Int32Array, index: number) => address + BigInt(cell.byteOffset + 4 * index)
  return {
    wait: (cell, index, expected) => wait(addressOf(cell, index), expected),
    notify: (cell, index) => wake(addressOf(cell, index)),
  }
}
