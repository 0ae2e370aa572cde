/**
 * Looks every 20 ms until there is something to see, and returns it: for tests that wait for another process.
 *
 * @param look named in the error message by its own source text
 * @param ms how long to wait before that counts as a failure
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

/** vitest rewrites `name(x)` of an import to `(0,__vite_ssr_import_0__.name)(x)`: this undoes it. */
function sourceOf(look: () => unknown): string {
  return String(look).replaceAll(/\(0,\s*__vi\w+\.(\w+)\)/g, '$1')
}
