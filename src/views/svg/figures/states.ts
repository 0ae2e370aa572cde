/** The states of a process as lectures draw them, with the counts and times of one process, above the timeline. */
import { curveNatural, line } from 'd3-shape'
import type { ProcessState } from '../../../events.js'
import { duration, thousands } from '../../../text.js'
import type { Lane, Stay, Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { drawPlot } from '../timeline/index.js'
import { drawLegend } from '../timeline/legend.js'

/** Where the timeline begins, and the claims beside the diagram. */
const plotTop = box.top + 288
const claimsLeft = 892

const nodeSize = { width: 140, height: 56 }

interface Place {
  x: number
  y: number
}

/**
 * The middle of each state, where every textbook has it: new and the end outside, ready and running side by side, waiting below
 * both. A layout algorithm would move them from run to run, and students compare the picture with the one that they know.
 */
const places: Record<ProcessState, Place> = {
  new: { x: 110, y: box.top + 70 },
  ready: { x: 312, y: box.top + 70 },
  running: { x: 544, y: box.top + 70 },
  zombie: { x: 760, y: box.top + 70 },
  waiting: { x: 428, y: box.top + 236 },
  stopped: { x: 640, y: box.top + 236 },
  gone: { x: 760, y: box.top + 230 },
}

/** What a transition means, for those of the lecture. They are drawn also where the run has not seen them. */
const lecture: { from: ProcessState; to: ProcessState; means: string }[] = [
  { from: 'new', to: 'ready', means: 'starts' },
  { from: 'ready', to: 'running', means: 'gets the CPU' },
  { from: 'running', to: 'ready', means: 'is preempted' },
  { from: 'running', to: 'waiting', means: 'blocks' },
  { from: 'waiting', to: 'ready', means: 'wakes up' },
  { from: 'running', to: 'zombie', means: 'exits' },
  { from: 'zombie', to: 'gone', means: 'is reaped' },
]

interface Way {
  from: ProcessState
  to: ProcessState
  count: number
  /** When it was first seen. */
  t?: number
  means: string
}

export const drawStates: Draw = (story) => {
  const lane = mainLane(story)
  if (!lane) return undefined
  const stays = story.stays.filter((stay) => stay.lane === lane)
  const claims = claimsOf(story, [
    'process/new-has-executed-nothing',
    'process/woken-process-is-ready-first',
    'process/idle-process-sleeps-in-kernel',
    'zombie/killed-process-becomes-one',
  ])
  const seen = new Set(stays.map(({ state }) => state))
  const ways = waysIn(story, lane, stays)
  const states = [...new Set(ways.flatMap(({ from, to }) => [from, to]))]
  const plot = drawPlot(story, { top: plotTop, bottom: box.bottom - 48 })
  // The diagram explains the colours of the states, and the claims have no marks here.
  const steps = story.steps.filter(({ event }) => event.event !== 'claim')
  const legend = drawLegend({ ...story, stays: [], steps }, box.bottom - 26)
  return {
    see: `A process uses a CPU in only one of its states: running. Follow the ${lane.name} from new to zombie.`,
    parts: [
      ...ways.map((way) => drawWay(story, way)),
      ...states.map((state) => drawState(state, stays, seen.has(state))),
      ...writeClaims(story, claims, {
        x: claimsLeft,
        y: box.top + 14,
        width: box.right - claimsLeft,
      }).parts,
      ...plot.parts,
      ...legend.parts,
      textAt(
        box.left,
        box.bottom - 2,
        fitted([`The counts are of the ${lane.name}.`, ...plot.notes].join(' '), 1190, 14),
        'small dim',
      ),
    ],
    claims,
  }
}

/** The process that was seen in the most states; undefined where all were seen in few. */
function mainLane({ stays }: Story): Lane | undefined {
  const states = new Map<Lane, Set<ProcessState>>()
  for (const { lane, state } of stays) {
    const known = states.get(lane)
    if (known) known.add(state)
    else states.set(lane, new Set([state]))
  }
  const [most] = [...states].sort(([, one], [, other]) => other.size - one.size)
  return most && most[1].size >= 4 ? most[0] : undefined
}

/** The transitions of the lecture, and all others that the process took. */
function waysIn(story: Story, lane: Lane, stays: readonly Stay[]): Way[] {
  const ways = new Map<string, Way>()
  for (const way of lecture) ways.set(`${way.from} ${way.to}`, { ...way, count: 0 })
  stays.forEach((stay, at) => {
    const before = stays[at - 1]
    if (!before) return
    const key = `${before.state} ${stay.state}`
    const way = ways.get(key) ?? { from: before.state, to: stay.state, count: 0, means: '' }
    way.count++
    way.t ??= stay.from
    way.means = signalFor(story, lane, before.from, stay.from) ?? way.means
    ways.set(key, way)
  })
  return [...ways.values()]
}

/** The last signal that the process received between two times. */
function signalFor({ steps }: Story, lane: Lane, from: number, to: number): string | undefined {
  const found = steps.findLast(
    ({ event, about }) => event.event === 'signal' && about === lane && event.t >= from && event.t <= to,
  )?.event
  return found?.event === 'signal' ? found.signal : undefined
}

const heights: Partial<Record<ProcessState, number>> = { running: 20, ready: 13, waiting: 8 }

/** A state: its name, a bar as in the timeline, how often and how long the process was in it. */
function drawState(state: ProcessState, stays: readonly Stay[], seen: boolean): string {
  const { x, y } = places[state]
  if (state === 'gone')
    return (
      element('circle', { cx: x, cy: y, r: 9, class: 'ink' }) + textAt(x, y + 30, 'gone', 'name', 'middle')
    )
  const { width, height } = nodeSize
  const [left, top] = [x - width / 2, y - height / 2]
  const own = stays.filter((stay) => stay.state === state)
  const time = own.reduce((sum, { from, to }) => sum + to - from, 0)
  const times = own.length > 1 ? `, ${thousands(own.length)}×` : ''
  const bar = heights[state] ?? 16
  return element(
    'g',
    { 'data-state': state, 'data-count': own.length },
    [
      element('rect', { x: left, y: top, width, height, rx: 14, class: 'paper' }),
      element('rect', { x: left, y: top, width, height, rx: 14, class: 'frame' }),
      element('rect', { x: left + 14, y: y - 11 - bar / 2, width: 22, height: bar, class: state }),
      textAt(left + 46, y - 5, state, 'name'),
      textAt(
        x,
        y + 18,
        seen ? fitted(`${duration(time)}${times}`, width, 14) : 'not seen',
        'small dim',
        'middle',
      ),
    ].join(''),
  )
}

/**
 * How far a transition bends to its left, so that the way back is beside it. Those from stopped bend to the other side, where
 * there is room for their words.
 */
const bend = 26

function drawWay(story: Story, { from, to, count, t, means }: Way): string {
  const [start, end] = [places[from], places[to]]
  const [dx, dy] = [end.x - start.x, end.y - start.y]
  const length = Math.hypot(dx, dy) || 1
  // A way past other states bends more.
  const out = (length > 300 ? bend + length / 6 : bend) * (from === 'stopped' ? -1 : 1)
  const middle = {
    x: (start.x + end.x) / 2 + (dy / length) * out,
    y: (start.y + end.y) / 2 - (dx / length) * out,
  }
  const [first, last] = [edgeOf(start, middle), edgeOf(end, middle, to === 'gone' ? 12 : undefined)]
  const path = line<Place>(
    ({ x }) => x,
    ({ y }) => y,
  ).curve(curveNatural)
  const key = `${from} ${to}`
  const words = count === 0 ? means : `${thousands(count)}× ${means}`.trimEnd()
  const anchor = Math.abs(dx) > Math.abs(dy) ? 'middle' : undefined
  const label = anchor
    ? textAt(middle.x, middle.y + (dx > 0 ? -8 : 20), words, 'small halo', anchor)
    : textAt(
        middle.x + (dy * out < 0 ? -8 : 8),
        middle.y + 5,
        words,
        'small halo',
        dy * out < 0 ? 'end' : undefined,
      )
  const kind = count === 0 ? { class: 'life', 'stroke-dasharray': '4 5' } : { class: 'arrow' }
  const parts = [
    element('path', { d: path([first, middle, last]) ?? '', ...kind }),
    drawHead(last, middle, count === 0 ? 'dim' : 'head'),
    label,
  ]
  return element(
    'g',
    { 'data-way': key, 'data-count': count, ...(t !== undefined && when(story, t)) },
    parts.join(''),
  )
}

/** Where a line from the middle of a state to another point leaves its box. */
function edgeOf({ x, y }: Place, toward: Place, radius?: number): Place {
  const [dx, dy] = [toward.x - x, toward.y - y]
  const { width, height } = nodeSize
  const share =
    radius === undefined
      ? Math.min(width / 2 / Math.abs(dx || 1), height / 2 / Math.abs(dy || 1))
      : radius / (Math.hypot(dx, dy) || 1)
  return { x: x + dx * Math.min(share, 1), y: y + dy * Math.min(share, 1) }
}

/** The head of an arrow that comes from another point. */
function drawHead({ x, y }: Place, from: Place, kind: string): string {
  const angle = (Math.atan2(y - from.y, x - from.x) * 180) / Math.PI
  return element('path', {
    d: 'M0 0l-12 -6v12z',
    class: kind,
    transform: `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${angle.toFixed(1)})`,
  })
}
