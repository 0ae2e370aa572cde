/** The lanes: when each process lived, the calls that blocked it, its states, and small marks for everything else. */

import { duration } from '../../../text.js'
import { sentence } from '../../describe-event.js'
import type { Lane, Stay, Story } from '../../story/index.js'
import { box, when } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'
import { cluster, type Group } from './cluster.js'
import { barHeight, drawHolds } from './holds.js'
import { count, type Layout } from './layout.js'
import { drawMoments } from './marks.js'
import type { Scale } from './scale.js'

export function drawLanes(story: Story, layout: Layout): string[] {
  return story.lanes.flatMap((lane) => {
    const stays = story.stays.filter((stay) => stay.lane === lane)
    const holds = story.holds.filter((held) => held.lane === lane)
    // Where states are drawn, the bars of calls are thinner, and above them.
    const bar = stays.length > 0 ? { up: 16, height: 6 } : { up: barHeight / 2, height: barHeight }
    // Before the calls, whose labels may give way.
    const end = drawEnd(story, lane, layout)
    return [
      ...drawLife(lane, story, layout),
      ...drawStays(story, stays, layout),
      ...drawHolds(story, holds, bar, layout),
      ...drawMoments(lane, story, layout),
      ...end,
    ]
  })
}

function drawLife(lane: Lane, story: Story, { scale, y: yOf, left, laneHeight }: Layout): string[] {
  const y = yOf(lane)
  const [from, to] = [scale.x(lane.born), scale.x(lane.end?.t ?? lane.gone ?? story.end)]
  const roomForName = left - box.left - 14
  const number = lane.kind === 'thread' ? `thread ${lane.tid}` : `pid ${lane.tid}`
  const name = fitted(lane.name || 'process', roomForName, 16)
  const names =
    laneHeight < 42
      ? [textAt(box.left, y + 5, fitted(`${name} ${lane.tid}`, roomForName, 15), '')]
      : [textAt(box.left, y - 2, name, 'name'), textAt(box.left, y + 16, number, 'small dim')]
  const band = element('rect', {
    x: from - 4,
    y: y - laneHeight / 2 + 3,
    width: Math.max(to - from, 0) + 8,
    height: laneHeight - 6,
    rx: 4,
    class: 'band',
    ...when(story, lane.born, lane.end?.t),
  })
  const life = element('path', { d: `M${from.toFixed(1)} ${y}H${to.toFixed(1)}`, class: 'life' })
  return [...names, band, life]
}

function drawEnd(story: Story, lane: Lane, { scale, y: yOf, right, claim }: Layout): string[] {
  if (!lane.end) return []
  const { t, code, signal } = lane.end
  const [x, y] = [scale.x(t), yOf(lane)]
  const bad = signal !== null || code !== 0
  const path = `M${(x - 4).toFixed(1)} ${y - 4}l8 8m0 -8l-8 8`
  const title = `${lane.name} ${sentence({ event: 'exited', child: lane.tid, ...lane, ...lane.end })}`
  const cross = element(
    'path',
    { d: path, class: bad ? 'lost' : 'mark', 'stroke-width': 2, ...when(story, t) },
    '',
    title,
  )
  if (!bad) return [cross]
  const label = signal ?? `exit ${code}`
  const width = widthOf(label, 14)
  const fits = x + 8 + width < right + 20 && claim(x + 8, y + 5, width)
  if (!fits) claim(x - width, y + 22, width)
  const place = fits
    ? textAt(x + 8, y + 5, label, 'small bad halo')
    : textAt(x, y + 22, label, 'small bad halo', 'end')
  return [cross, element('g', when(story, t), place)]
}

/** Stays narrower than the first are drawn as one, as long as together they are no wider than the second; in pixels. */
const narrow = 1.5
const widest = 3

/** Draws each state as a bar. States too short to be seen become one bar, in which each has its share of the height. */
function drawStays(story: Story, stays: Stay[], { scale, y: yOf, folded }: Layout): string[] {
  const widthOf = (from: Stay, to: Stay) => scale.x(to.to) - scale.x(from.from)
  // How long the last state lasted is unknown, so it has a bar of its own.
  const isShort = (stay: Stay) => stay.to !== stay.from && widthOf(stay, stay) < narrow
  const groups = cluster(
    stays.filter(({ state }) => state !== 'gone'),
    ([one], [other]) => isShort(one) && isShort(other) && widthOf(one, other) <= widest,
  )
  return groups.flatMap((group) => {
    if (group.length > 1) count(folded, 'stays in a state', group.length)
    const [stay] = group
    if (isShort(stay)) return drawShares(story, group, scale, yOf(stay.lane))
    const width = stay.to === stay.from ? 2 : widthOf(stay, stay)
    return [drawStay(story, stay, scale.x(stay.from), width, yOf(stay.lane))]
  })
}

const stateHeights: Partial<Record<Stay['state'], number>> = { running: 20, ready: 13, waiting: 8 }

function drawStay(
  story: Story,
  { lane, state, from, to, source }: Stay,
  x: number,
  width: number,
  y: number,
): string {
  const height = stateHeights[state] ?? 16
  const rect = { x, y: y - height / 2, width, height, class: state, ...when(story, from, to) }
  return element(
    'rect',
    rect,
    '',
    `${lane.name} ${lane.tid} is ${state} for ${duration(to - from)} (${source})`,
  )
}

function drawShares(story: Story, stays: Group<Stay>, scale: Scale, y: number): string[] {
  const [first] = stays
  const [x, until] = [scale.x(first.from), scale.x((stays.at(-1) ?? first).to)]
  const whole = stays.reduce((sum, { from, to }) => sum + to - from, 0)
  const times = new Map<Stay['state'], number>()
  for (const { state, from, to } of stays) times.set(state, (times.get(state) ?? 0) + to - from)
  // Running at the bottom.
  const states = [...times].sort(([one], [other]) => Number(one === 'running') - Number(other === 'running'))
  let top = y - 8
  return states.map(([state, time]) => {
    const height = (16 * time) / whole
    const rect = {
      x,
      y: top,
      width: Math.max(until - x, 0.5),
      height,
      class: state,
      ...when(story, first.from),
    }
    top += height
    return element('rect', rect)
  })
}
