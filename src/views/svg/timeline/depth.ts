/** The fill level of channels over time: a row below the lanes for each channel that reports it. */
import type { Depth } from '../../../events.js'
import { largest } from '../../../text.js'
import type { Story } from '../../story/index.js'
import { box } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import type { Layout } from './layout.js'

/** Pixels of a row, and of what is drawn in it. */
export const depthRow = 50
const height = 32

/** At most this many channels are drawn. */
const mostChannels = 6

interface Point {
  t: number
  depth: Depth
}

export interface Channel {
  name: string
  points: [Point, ...Point[]]
}

export function channelsOf({ steps }: Story): Channel[] {
  const channels = new Map<string, Channel>()
  for (const { event } of steps) {
    if ((event.event !== 'sent' && event.event !== 'received') || !event.depth) continue
    const point = { t: event.t, depth: event.depth }
    const channel = channels.get(event.channel)
    if (channel) channel.points.push(point)
    else channels.set(event.channel, { name: event.channel, points: [point] })
  }
  return [...channels.values()].slice(0, mostChannels)
}

export function drawDepths(
  channels: readonly Channel[],
  story: Story,
  top: number,
  layout: Layout,
): string[] {
  return channels.flatMap((channel, at) => drawChannel(channel, story, top + at * depthRow, layout))
}

function drawChannel(
  { name, points }: Channel,
  { end }: Story,
  top: number,
  { scale, left }: Layout,
): string[] {
  const [first] = points
  const { unit, capacity } = first.depth
  const foot = top + depthRow - 8
  const most = largest(
    points.map(({ depth }) => depth.after),
    Math.max(capacity ?? 0, 1),
  )
  // A recording may contain any number: the product of two large ones would be infinite.
  const y = ({ after }: Depth) => foot - height * Math.max(0, after / most)
  // As steps: the level is constant until the next report.
  const steps = points.map(({ t, depth }) => `H${scale.x(t).toFixed(1)}V${y(depth).toFixed(1)}`).join('')
  const line = `M${scale.x(first.t).toFixed(1)} ${foot}${steps}H${scale.x(end).toFixed(1)}`
  const limit = capacity === undefined ? `at most ${most} ${unit}` : `of ${capacity} ${unit}`
  return [
    textAt(box.left, foot - 17, fitted(`in ${name}`, left - box.left - 12, 14), 'small'),
    textAt(box.left, foot, fitted(limit, left - box.left - 12, 14), 'small dim'),
    element('path', { d: `${line}V${foot}z`, class: 'filling' }, '', `${unit} in ${name}`),
    element('path', { d: line, class: 'arrow' }),
    element('path', {
      d: `M${left} ${foot}H${scale.x(end).toFixed(1)}M${left} ${foot - height}h6`,
      class: 'life',
    }),
  ]
}
