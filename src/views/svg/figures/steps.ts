/**
 * A time axis of steps: moments at equal distances, in the order of their times. It shows what came after what, also where one
 * step takes microseconds and the next one a second.
 */
import { scaleLinear } from 'd3-scale'

/** @returns the place of a time; a time between two moments is between their places */
export function createSteps(moments: readonly number[], left: number, right: number): (t: number) => number {
  const times = [...new Set(moments)].sort((one, other) => one - other)
  const last = Math.max(times.length - 1, 1)
  const places = times.map((_, at) => left + ((right - left) * at) / last)
  if (times.length < 2) return () => left
  return scaleLinear(times, places).clamp(true)
}
