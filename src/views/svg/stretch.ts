/** A time axis for a few moments: longer times between two of them are wider, but not to scale, so that each step can be seen. */
import { scaleLinear } from 'd3-scale'
import { duration } from '../../text.js'
import { box } from './figure.js'
import { element, textAt, widthOf } from './parts.js'
import type { Scale } from './timeline/scale.js'

/** What the axis means, for a line of the picture. */
export const stretched = 'Longer times are wider, but not to scale.'

/** Between two moments there are at least so many pixels, where there is room. */
const leastStep = 14

/** Between two labels of the axis there are at least so many pixels. */
const tickRoom = 84

/**
 * @param moments times that must be apart, in any order
 * @param plot the x coordinates of the first and the last one
 * @param start the time that the axis calls 0
 */
export function stretch(
  moments: readonly number[],
  plot: { from: number; to: number },
  start: number,
): Scale {
  const times = [...new Set(moments)].sort((one, other) => one - other)
  const room = plot.to - plot.from
  const roots = times.slice(1).map((t, at) => Math.sqrt(t - times[at]!)) // `at` counts from the moment before.
  const least = Math.min(leastStep, (room * 0.6) / Math.max(roots.length, 1))
  const sum = roots.reduce((total, root) => total + root, 0)
  const unit = sum > 0 ? (room - least * roots.length) / sum : 0
  const places = [plot.from]
  for (const root of roots) places.push((places.at(-1) ?? plot.from) + least + root * unit)
  // A scale needs two points.
  const [first = 0] = times
  const x = scaleLinear(
    times.length < 2 ? [first, first + 1] : times,
    times.length < 2 ? [plot.from, plot.to] : places,
  ).clamp(true)
  const ticks: Scale['ticks'] = []
  for (const t of times) {
    const last = ticks.at(-1)
    if (!last || x(t) - last.x >= tickRoom) ticks.push({ x: x(t), label: duration(t - start) })
  }
  return { x, cuts: [], ticks }
}

/** The labels of the axis at `top`, and a line from each down to `foot`. */
export function drawStretched({ ticks }: Scale, top: number, foot: number): string[] {
  return ticks.flatMap(({ x, label }) => [
    element('path', { d: `M${x.toFixed(1)} ${top + 6}V${foot}`, class: 'grid' }),
    textAt(Math.min(x, box.right - widthOf(label, 14) / 2), top, label, 'small dim', 'middle'),
  ])
}
