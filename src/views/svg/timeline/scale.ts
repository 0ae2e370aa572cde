/**
 * Maps times to x coordinates. The scale is the same everywhere, except that long idle times are cut out: times
 * without an event, a blocked call or a running process. The axis shows the cuts.
 */
import { scaleLinear } from 'd3-scale'
import { thousands } from '../../../text.js'

export interface Scale {
  x(t: number): number
  /** Where time was cut out, and how much, in microseconds. */
  cuts: { from: number; to: number; time: number }[]
  ticks: { x: number; label: string }[]
}

interface Span {
  from: number
  to: number
}

/** Pixels of a cut. */
const cutWidth = 36

/** An idle time that takes more pixels than the first is cut out, and at most as many as the second. */
const longGap = 120
const mostCuts = 8

/** Pixels between two labels of the axis, at least. */
const tickRoom = 96

/**
 * @param moments times at which something happens, in order
 * @param covered times that must not be cut
 * @param plot the x coordinates where the axis begins and ends
 */
export function createScale(moments: readonly number[], covered: readonly Span[], plot: Span): Scale {
  const start = moments[0] ?? 0
  const end = Math.max(moments.at(-1) ?? 0, start)
  // At least a microsecond, since the scale divides by it.
  const length = Math.max(end - start, 1)
  const { gaps, pixel } = cutGaps(findGaps(moments, covered), length, plot.to - plot.from)

  // Linear in each part between two cuts, and within a cut.
  const times = [start, ...gaps.flatMap(({ from, to }) => [from, to]), end]
  const places = [plot.from]
  for (const [at, time] of times.entries()) {
    if (at === 0) continue
    const last = places.at(-1)! // It has at least one place.
    const inCut = at % 2 === 0
    places.push(last + (inCut ? cutWidth : (time - times[at - 1]!) / pixel)) // There is a time before.
  }
  // d3's scale divides by the length of a part, so a story without length gets one.
  if (end === start) times[times.length - 1] = start + 1
  const x: Scale['x'] = scaleLinear(times, places).clamp(true)
  return {
    x,
    cuts: gaps.map(({ from, to }) => ({ from: x(from), to: x(to), time: to - from })),
    ticks: createTicks(start, end, gaps, x, pixel),
  }
}

/**
 * Cuts out the longest first, since each cut makes the others wider. Where nothing would be left between the cuts, as in a story of
 * moments only, there is none.
 */
function cutGaps(candidates: Span[], whole: number, width: number): { gaps: Span[]; pixel: number } {
  const gaps: Span[] = []
  let [time, room] = [whole, width]
  let pixel = time / room
  for (const gap of candidates) {
    const length = gap.to - gap.from
    if (length / pixel < longGap || gaps.length === mostCuts) break
    // A microsecond is the least time.
    if (time - length < 1) return { gaps: [], pixel: whole / width }
    gaps.push(gap)
    time -= length
    room -= cutWidth
    pixel = time / room
  }
  return { gaps: gaps.sort((one, other) => one.from - other.from), pixel }
}

/** The times between two moments that are not covered, the longest first. */
function findGaps(moments: readonly number[], covered: readonly Span[]): Span[] {
  const spans = [...covered].sort((one, other) => one.from - other.from)
  const gaps: Span[] = []
  let next = 0
  let until = Number.NEGATIVE_INFINITY
  for (let at = 1; at < moments.length; at++) {
    // Every index is below the length of its list.
    const [from, to] = [moments[at - 1]!, moments[at]!]
    for (; next < spans.length && spans[next]!.from < to; next++) until = Math.max(until, spans[next]!.to)
    if (until <= from) gaps.push({ from, to })
  }
  return gaps.sort((one, other) => other.to - other.from - (one.to - one.from))
}

function createTicks(start: number, end: number, gaps: Span[], x: Scale['x'], pixel: number): Scale['ticks'] {
  const step = niceStep(pixel * tickRoom)
  const ticks: Scale['ticks'] = []
  let next = start
  for (const { from, to } of [...gaps, { from: end, to: end }]) {
    // The times of a recording can be any numbers, so the number of ticks is limited.
    for (let count = 0; next <= from && count < 100; next += step, count++) {
      const [place, last] = [x(next), ticks.at(-1)]
      if (!last || place - last.x >= tickRoom) ticks.push({ x: place, label: tickLabel(next - start, step) })
    }
    next = start + Math.ceil((to - start) / step) * step
  }
  return ticks
}

/** 1, 2 or 5 times a power of ten, and at least `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)))
  return [1, 2, 5].map((factor) => factor * power).find((step) => step >= least) ?? 10 * power
}

function tickLabel(time: number, step: number): string {
  if (time === 0) return '0'
  if (step < 1000) return `${thousands(Math.round(time))} µs`
  if (step < 100_000) return `${thousands(Math.round(time / 1000))} ms`
  return step >= 1e6 ? `${Math.round(time / 1e6)} s` : `${(time / 1e6).toFixed(1)} s`
}
