/** Mechanisms side by side: the time of each on a logarithmic scale, and over the size of a message. */
import { scaleLog } from 'd3-scale'
import { type Event, numberIn } from '../../../events.js'
import { size as sizeText } from '../../../text.js'
import type { Story } from '../../story/index.js'
import { box, type Draw, when } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

interface Bar {
  t: number
  place: string
  name: string
  time: number
  spins: boolean
}

interface Line {
  t: number
  place: string
  name: string
  points: [size: number, time: number][]
}

/** Panels for bars in at most two places, and one for lines. */
const panels = [box.left, box.left + 410, box.left + 820]
const panelWidth = 370
const [most, mostLines] = [20, 10]
const rowHeight = 25
const top = box.top + 26

export const drawBenchmark: Draw = (story) => {
  const bars = story.steps.flatMap(({ event }) => barIn(event) ?? [])
  const lines = story.steps.flatMap(({ event }) => lineIn(event) ?? [])
  const places = [...new Set(bars.map(({ place }) => place))].slice(0, 2)
  if (places.length === 0) return undefined
  const times = bars.slice(0, 4 * most).map(({ time }) => time)
  const here = lines.filter(({ place }) => place === places[0])
  const sizes = Math.max(0, ...here.slice(0, most).map(({ points }) => points.length))
  // A mechanism that lacks a size has no end to compare.
  const widest = here.filter(({ points }) => points.length === sizes)
  const domain: [number, number] = [Math.min(...times) / 1.5, Math.max(...times)]
  return {
    title: 'Which mechanism is fastest, and how the size changes that',
    see: 'Each factor of two has the same length. Blocking, and in the other colour busy waiting.',
    claims: [],
    parts: [
      ...places.flatMap((place, at) =>
        drawBars(story, bars.filter((bar) => bar.place === place).slice(0, most), domain, panels[at] ?? 0),
      ),
      ...drawLines(story, widest.slice(0, mostLines), places[0] ?? ''),
    ],
  }
}

function record(event: Event) {
  if (event.event !== 'note' || typeof event.data !== 'object' || Array.isArray(event.data)) return undefined
  const { mechanism, cpus } = event.data
  if (typeof mechanism !== 'string' || typeof cpus !== 'string') return undefined
  return { t: event.t, place: cpus, name: mechanism, data: event.data }
}

/** Whether a time or a size can stand on a logarithmic scale. A recording may contain any number. */
function isUsable(value: number | undefined): value is number {
  return value !== undefined && value > 1e-6 && value < 1e12
}

function barIn(event: Event): Bar | undefined {
  const found = record(event)
  const time = numberIn(found?.data, 'median')
  if (!found || !isUsable(time) || numberIn(found.data, 'rank') === undefined) return undefined
  return { ...found, time, spins: found.data.spins === true }
}

function lineIn(event: Event): Line | undefined {
  const found = record(event)
  if (!found) return undefined
  const { sizes, times } = found.data
  if (!Array.isArray(sizes) || !Array.isArray(times)) return undefined
  const points = sizes.slice(0, most).flatMap((size, at): Line['points'] => {
    const time = times[at]
    return typeof size === 'number' && typeof time === 'number' && isUsable(size) && isUsable(time)
      ? [[size, time]]
      : []
  })
  return points.length > 1 ? { ...found, points } : undefined
}

/** What the place is called, in words. */
const titles: Record<string, string> = {
  same: 'Both sides on one CPU',
  two: 'Each side on its own CPU',
  any: 'Not pinned',
}

function titleOf(place: string): string {
  return (Object.hasOwn(titles, place) && titles[place]) || place
}

function micro(time: number): string {
  return `${time.toFixed(time < 10 ? 2 : time < 100 ? 1 : 0)} µs`
}

function drawBars(story: Story, bars: Bar[], domain: [number, number], left: number): string[] {
  const x = scaleLog(domain, [0, panelWidth - 215]).clamp(true)
  return [
    textAt(left, top - 8, fitted(titleOf(bars[0]?.place ?? ''), panelWidth, 16), 'name'),
    ...bars.map(({ t, name, time, spins }, at) => {
      const y = top + 6 + at * rowHeight
      const length = Math.max(2, x(time))
      return element(
        'g',
        { 'data-mechanism': name, ...when(story, t) },
        textAt(left + 128, y + 15, fitted(name, 128, 14), 'small', 'end') +
          element('rect', { x: left + 136, y, width: length, height: 19, class: spins ? 'two' : 'one' }) +
          textAt(left + 144 + length, y + 15, micro(time), 'small'),
      )
    }),
  ]
}

function drawLines(story: Story, lines: Line[], place: string): string[] {
  const points = lines.flatMap((line) => line.points)
  if (points.length === 0) return []
  const [left = 0] = panels.slice(-1)
  const [sizes, times] = [points.map(([size]) => size), points.map(([, time]) => time)]
  const bottom = box.bottom - 30
  const x = scaleLog(
    [Math.min(...sizes), Math.max(...sizes, Math.min(...sizes) * 2)],
    [left + 10, left + panelWidth - 160],
  )
  const y = scaleLog([Math.min(...times) / 1.2, Math.max(...times) * 1.2], [bottom, top + 10])
  const kinds = ['one', 'two', 'three', 'four']
  let above = Number.POSITIVE_INFINITY
  // From the bottom up, so that the names do not overlap.
  const ordered = [...lines].sort(
    (one, other) => (one.points.at(-1)?.[1] ?? 0) - (other.points.at(-1)?.[1] ?? 0),
  )
  return [
    textAt(left, top - 8, fitted(`Over the size: ${titleOf(place)}`, panelWidth, 16), 'name'),
    ...[...new Set(sizes)].map((size) =>
      textAt(x(size), box.bottom - 8, sizeText(size), 'small dim', 'middle'),
    ),
    ...ordered.map(({ t, name, points }, at) => {
      const [lastSize, lastTime] = points.at(-1) ?? [1, 1]
      above = Math.min(y(lastTime) + 5, above - 17)
      const path = points.map(
        ([size, time], at) => `${at === 0 ? 'M' : 'L'}${x(size).toFixed(1)} ${y(time).toFixed(1)}`,
      )
      return element(
        'g',
        { 'data-line': name, ...when(story, t) },
        element('path', { d: path.join(''), class: `${kinds[at % kinds.length]}-line` }) +
          textAt(x(lastSize) + 8, above, fitted(`${name} ${micro(lastTime)}`, 190, 14), 'small'),
      )
    }),
  ]
}
