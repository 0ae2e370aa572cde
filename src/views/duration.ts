/** Microseconds, as people say them: `1.5 ms`, `180 ms`, `2.50 s`. */
export function duration(microseconds: number): string {
  if (microseconds < 10_000) return `${(microseconds / 1000).toFixed(1)} ms`
  if (microseconds < 1_000_000) return `${Math.round(microseconds / 1000)} ms`
  return `${(microseconds / 1e6).toFixed(2)} s`
}
