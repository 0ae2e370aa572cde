/**
 * Calls `look` every 20 ms until it finds something, and returns that: for tests that wait for another process.
 *
 * @param look the error message shows its source text
 * @param ms after how many milliseconds the test fails
 */
export async function until<T>(look: () => T | Promise<T>, ms = 30_000): Promise<Seen<T>> {
  const deadline = performance.now() + ms
  for (;;) {
    const seen = await look()
    if (seen) return seen as Seen<T>
    if (performance.now() >= deadline) throw new Error(`not within ${ms} ms: ${sourceOf(look)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

type Seen<T> = Exclude<T, undefined | null | false | 0 | ''>

/** Undoes what vitest makes of an imported `name(x)`: `(0,__vite_ssr_import_0__.name)(x)`. */
function sourceOf(look: () => unknown): string {
  return String(look).replaceAll(/\(0,\s*__vi\w+\.(\w+)\)/g, '$1')
}

/** Blocks this thread, and so a demo that runs in it, while `look` returns true, for at most 10 seconds. */
export function waitWhile(look: () => boolean): void {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  for (const end = performance.now() + 10_000; look() && performance.now() < end; )
    Atomics.wait(cell, 0, 0, 1)
}
