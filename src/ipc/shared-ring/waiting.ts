/**
 * How a side of a ring sleeps while it cannot continue, and how the other side wakes it.
 *
 * The ring knows only memory and a Waiter. Between threads the memory is a SharedArrayBuffer and the waiter
 * is Atomics.wait. Memory that processes share is a plain ArrayBuffer, for which Atomics.wait throws; there
 * the waiter is futex(2) itself.
 *
 * No wake-up is lost. The side that sleeps, here the consumer, does
 *
 *     C1 flag := 1      C2 read closed and tail, continue if they changed      C3 wait, if flag is still 1
 *
 * and the side that wakes it does
 *
 *     P1 tail := ... (or closed := 1)      P2 read flag; if it is 1:      P3 flag := 0      P4 notify
 *
 * All of these are sequentially consistent; `<` means "before" in their total order.
 *
 * If P2 reads 1, P3 and P4 follow. Waiting compares the flag and joins the list of waiters in one step that
 * notify cannot split (ECMAScript: the WaiterList's critical section; futex(2): "atomic"). If that step comes
 * before P4, P4 wakes the consumer. If it comes after P4, it also comes after P3, finds 0 and returns. It can
 * find 1 only if C1 came after P3; then P1 < C1 < C2, so C2 saw the change and there is no C3.
 *
 * If P2 reads 0, then the last C1 before P2, if any, was undone before P2. Either the consumer undid it
 * itself, and is awake. Or an earlier P3 undid it: then C3 finds 0, or the P4 that belongs to that P3 wakes
 * the consumer. In both cases the consumer does C1 again before it sleeps again: P1 < P2 < C1 < C2, so C2
 * sees the change.
 *
 * When P3 and P4 come so late that the consumer already sleeps again, they wake it although nothing changed. So
 * does a signal. That is why it waits in a loop.
 *
 * The producer sleeps in the same way, with its own flag, and with `head` in place of `tail`.
 */

/** How to sleep on a cell of shared memory, and how to wake a thread that sleeps there. */
export interface Waiter {
  /** Sleeps while `cell[index]` is `expected`, until notified. It may also return without a reason. */
  wait(cell: Int32Array, index: number, expected: number): void
  /** Wakes the thread that sleeps on `cell[index]`. */
  notify(cell: Int32Array, index: number): void
}

/** Waits with Atomics.wait: for threads of one process, on a SharedArrayBuffer. */
export const threadWaiter: Waiter = {
  wait: (cell, index, expected) => {
    Atomics.wait(cell, index, expected)
  },
  notify: (cell, index) => {
    Atomics.notify(cell, index)
  },
}

export interface RingOptions {
  /**
   * Called before this side sleeps, because the ring is empty (consumer) or full (producer). When the other
   * side has changed that in the meantime, this side does not sleep, and onWake follows at once.
   */
  onSleep?: ((why: 'empty' | 'full') => void) | undefined
  /** Called when this side continues: exactly once for each onSleep, however often it woke up without a reason. */
  onWake?: (() => void) | undefined
  /**
   * How often to check again before sleeping, 2,000 by default: some tens of microseconds, which is what a
   * sleep and a wake-up cost.
   */
  spins?: number | undefined
}

const SPINS = 2_000

/** P2 to P4 of the argument at the top. Call it after the store that the other side may be waiting for. */
export function wake(cells: Int32Array, flag: number, waiter: Waiter): void {
  if (Atomics.load(cells, flag) === 0) return
  Atomics.store(cells, flag, 0)
  waiter.notify(cells, flag)
}

/** Spins for a while, then sleeps until `isReady`: C1 to C3 of the argument at the top. */
export function waitUntil(
  isReady: () => boolean,
  cells: Int32Array,
  flag: number,
  why: 'empty' | 'full',
  waiter: Waiter,
  options: RingOptions,
): void {
  const { spins = SPINS } = options
  for (let i = 0; i < spins; i++) {
    if (isReady()) return
  }
  options.onSleep?.(why)
  while (!isReady()) {
    Atomics.store(cells, flag, 1)
    if (isReady()) break
    waiter.wait(cells, flag, 1)
  }
  Atomics.store(cells, flag, 0)
  options.onWake?.()
}
