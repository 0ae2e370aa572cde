/** Polls without the event loop: for what Node would otherwise change, and for what lasts less than a millisecond. */

/** Milliseconds between two looks, after the first ones. */
const interval = 0.05

/** For so many milliseconds it looks without a pause, in which a busy machine could run other processes for long. */
const eager = 0.3

/** Blocks until `look` returns neither undefined nor false. @returns undefined when that takes longer */
export function blockUntil<T>(look: () => T | undefined | false, milliseconds = 1000): T | undefined {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  for (const start = performance.now(); ; ) {
    const found = look()
    if (found !== undefined && found !== false) return found
    const elapsed = performance.now() - start
    if (elapsed > milliseconds) return undefined
    if (elapsed > eager) Atomics.wait(cell, 0, 0, interval)
  }
}
