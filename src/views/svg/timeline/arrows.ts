/** Messages as arrows from lane to lane. Arrows too close to tell apart become one, with their number. */

import { counted, largest, sumOf } from '../../../text.js'
import type { Story } from '../../story/index.js'
import type { Arrow } from '../../story/messages.js'
import { when } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'
import { byKind, cluster } from './cluster.js'
import { count, type Layout } from './layout.js'

/**
 * Arrows of one direction that are closer than this, in pixels, are drawn as one. The first distance that leaves few
 * enough arrows is used.
 */
const nearness = [5, 12, 25, 50, 100]
const mostBundles = 90

interface Bundle {
  arrows: Arrow[]
  first: Arrow
  /** Where the first one begins and ends. */
  x1: number
  y1: number
  x2: number
  y2: number
  /** How much further to the right the last one begins, and ends. */
  spread1: number
  spread2: number
}

/** The sheaves, which lie behind everything else; the arrows; and their labels. */
export function drawArrows(story: Story, layout: Layout) {
  const sorted = [...story.arrows].sort((one, other) => timeOf(one) - timeOf(other))
  let bundles: Bundle[] = []
  for (const near of nearness) {
    bundles = bundle(sorted, layout, near)
    if (bundles.length <= mostBundles) break
  }
  const several = bundles.filter((one) => one.arrows.length > 1)
  for (const one of several) count(layout.folded, 'messages', one.arrows.length)
  return {
    sheaves: several.map((one) => drawSheaf(story, one)),
    lines: bundles.map((one) => drawBundle(story, one)),
    labels: bundles.map((one) => drawLabel(story, one, layout, bundles.length > mostBundles / 2)),
  }
}

function timeOf({ from, to }: Arrow): number {
  return (from ?? to)!.t // Every arrow has at least one end.
}

/** @param near arrows are drawn as one when their beginnings, and their ends, are closer than this, in pixels */
function bundle(arrows: readonly Arrow[], layout: Layout, near: number): Bundle[] {
  const lines = arrows.map((arrow, index) => ({ arrow, index, ...lineOf(arrow, layout) }))
  const sameWay = byKind(lines, ({ way }) => way)
  const groups = [...sameWay.values()].flatMap((list) =>
    cluster(list, ([one], [other]) => other.x1 - one.x1 < near && Math.abs(other.x2 - one.x2) < near),
  )
  // In the order of time again: an arrow that is drawn earlier finds more room for its label.
  groups.sort(([one], [other]) => one.index - other.index)
  return groups.map((group) => {
    const [{ arrow: first, x1, y1, x2, y2 }] = group
    return {
      arrows: group.map(({ arrow }) => arrow),
      ...{ first, x1, y1, x2, y2 },
      spread1: (group.at(-1)?.x1 ?? x1) - x1,
      spread2: largest(
        group.map((line) => line.x2 - x2),
        0,
      ),
    }
  })
}

/** The line of an arrow. Arrows of one direction may overlap. */
function lineOf({ from, to, toward, fate }: Arrow, { scale, y, laneHeight }: Layout) {
  const target = to?.lane ?? toward
  // Where the recording lacks one end, the arrow begins or ends between the lanes.
  const stub = laneHeight / 2 - 4
  // An arrow without a beginning has an end, and one without a target has a beginning.
  const x1 = from ? scale.x(from.t) : scale.x(to!.t) - 10
  const y1 = from ? y(from.lane) : y(to!.lane) - stub
  const y2 = target ? y(target) : y(from!.lane) - stub
  const x2 = to ? scale.x(to.t) : target ? x1 + 8 : x1 + 10
  return { x1, y1, x2, y2, way: `${from?.lane.index} ${target?.index} ${fate}` }
}

/** One arrow, in the middle of the whole bundle. */
function drawBundle(story: Story, bundle: Bundle): string {
  const { first, y1, y2, spread1, spread2 } = bundle
  const [x1, x2] = [bundle.x1 + spread1 / 2, bundle.x2 + spread2 / 2]
  const lost = first.fate === 'lost'
  const length = Math.hypot(x2 - x1, y2 - y1) || 1
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length]
  // A lost message does not reach its receiver.
  const [ex, ey] = lost ? [x1 + (x2 - x1) * 0.65, y1 + (y2 - y1) * 0.65] : [x2, y2]
  const point = (along: number, aside: number) =>
    `${(ex - dx * along - dy * aside).toFixed(1)} ${(ey - dy * along + dx * aside).toFixed(1)}`
  const line = `M${x1.toFixed(1)} ${y1.toFixed(1)}L${point(lost ? 0 : 6, 0)}`
  const head = lost
    ? element('path', {
        d: `M${point(-5, 5)}L${point(5, -5)}M${point(-5, -5)}L${point(5, 5)}`,
        class: 'lost',
      })
    : element('path', { d: `M${point(0, 0)}L${point(9, 4)}L${point(9, -4)}z`, class: 'head' })
  const path = element('path', { d: line, class: lost ? 'lost' : 'arrow' })
  return element('g', times(story, bundle), path + head, titleOf(bundle))
}

/** The area between the first and the last arrow of a bundle. */
function drawSheaf(story: Story, bundle: Bundle): string {
  const { x1, y1, x2, y2, spread1, spread2 } = bundle
  const corners = [
    [x1 - 2, y1],
    [x1 + spread1 + 2, y1],
    [x2 + spread2 + 2, y2],
    [x2 - 2, y2],
  ]
  return element('path', {
    d: `M${corners.map((corner) => corner.map((value) => value.toFixed(1)).join(' ')).join('L')}z`,
    class: 'sheaf',
    ...times(story, bundle),
  })
}

function times(story: Story, { first, arrows }: Bundle) {
  const { from, to } = arrows.at(-1) ?? first
  return when(story, timeOf(first), to?.t ?? from?.t)
}

function titleOf({ arrows, first }: Bundle): string {
  const { from, to, channel, fate } = first
  const other = 'not in this recording'
  const way = `${from?.lane.name ?? other} to ${to?.lane.name ?? (fate === 'lost' ? 'no process: not received' : other)}`
  const texts = arrows.slice(0, 8).map(({ message }) => textOf(message, 80))
  const more = arrows.length > 8 ? [`and ${arrows.length - 8} more`] : []
  return [`${way}, over ${channel}`, ...texts, ...more].join('\n')
}

function textOf({ text, bytes }: Arrow['message'], most: number): string {
  if (!text) return counted(bytes, 'byte')
  return text.length > most ? `${text.slice(0, most)}…` : text
}

/** The label, beside the middle of the arrow or wherever along it there is room. */
function drawLabel(story: Story, bundle: Bundle, { right, claim }: Layout, brief: boolean): string {
  const { arrows, first, y1, y2, spread1, spread2 } = bundle
  const [x1, x2] = [bundle.x1 + spread1 / 2, bundle.x2 + spread2 / 2]
  const bytes = arrows.reduce((sum, { message }) => sumOf(sum, message.bytes), 0)
  const text =
    arrows.length === 1
      ? fitted(textOf(first.message, 40), 190, 14)
      : `${arrows.length} messages${brief ? '' : `, ${counted(bytes, 'byte')}`}`
  const width = widthOf(text, 14)
  for (const part of [0.5, 0.35, 0.65, 0.22, 0.78]) {
    const [x, y] = [x1 + (x2 - x1) * part, y1 + (y2 - y1) * part]
    const onRight = x + 6 + width < right
    const left = onRight ? x + 6 : x - 6 - width
    if (!claim(left, y + 5, width)) continue
    return element('g', times(story, bundle), textAt(left, y + 5, text, 'small halo'))
  }
  return ''
}
