/** Bars for calls that blocked their caller. */

import { counted, duration } from '../../../text.js'
import { sentence } from '../../describe-event.js'
import type { Held, Story } from '../../story/index.js'
import { when } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'
import { cluster, type Group } from './cluster.js'
import { count, type Layout } from './layout.js'
import type { Scale } from './scale.js'

export const barHeight = 16

/** Bars narrower than the first, whose beginnings are closer than the second, are drawn as one; in pixels. */
const narrow = 1.5
const near = 5

/** @param held the calls of one lane */
export function drawHolds(
  story: Story,
  held: Held[],
  size: { up: number; height: number },
  layout: Layout,
): string[] {
  const { scale, y: yOf, right, folded, claim } = layout
  const groups = group(held, scale)
  return groups.flatMap((calls, at) => {
    const [{ lane, begin, end }] = calls
    const x = scale.x(begin)
    const above = yOf(lane) - size.up
    const width = Math.max(scale.x(calls.at(-1)?.end ?? end) - x, narrow)
    if (calls.length > 1) count(folded, 'calls', calls.length)
    const failed = calls.some(({ last }) => last?.errno)
    const times = when(story, begin, calls.at(-1)?.end ?? end)
    const shape = {
      x,
      y: above,
      width,
      height: size.height,
      rx: 2,
      class: failed ? 'held failed' : 'held',
      ...times,
    }
    const bar = element('rect', shape, '', titleOf(calls))
    // Above the bar, as far as the next one leaves room.
    const next = groups[at + 1]
    const room = (next ? scale.x(next[0].begin) : right) - x - 6
    const text = labelOf(calls, room)
    if (text === '' || !claim(x, above - 4, widthOf(text, 14))) return [bar]
    return [bar, element('g', times, textAt(x, above - 4, text, 'small halo'))]
  })
}

/** Groups the calls whose bars would overlap. */
function group(held: readonly Held[], scale: Scale): Group<Held>[] {
  const isNarrow = ({ begin, end }: Held) => scale.x(end) - scale.x(begin) < narrow
  return cluster(
    held,
    ([one], [other]) => isNarrow(one) && isNarrow(other) && scale.x(other.begin) - scale.x(one.begin) < near,
  )
}

function titleOf(calls: Group<Held>): string {
  const [{ lane, begin, end, first, last }] = calls
  if (calls.length > 1) {
    const names = [...new Set(calls.map((one) => one.first.call))].join(', ')
    const together = calls.reduce((sum, one) => sum + one.end - one.begin, 0)
    return `${lane.name}: ${counted(calls.length, 'call')}: ${names}\ntogether ${duration(together)}`
  }
  const outcome = last ? sentence(last, end - begin) : `${first.call}: not seen to return`
  return `${lane.name}: ${first.call} ${first.object}\n${outcome}`
}

function labelOf(calls: Group<Held>, room: number): string {
  const [{ begin, end, first, last }] = calls
  if (calls.length > 1) return fitted(counted(calls.length, 'call'), room, 14)
  const errno = last?.errno ? ` ${last.errno}` : ''
  const full = `${first.call}${errno} · ${last ? duration(end - begin) : 'not seen to return'}`
  return widthOf(full, 14) <= room ? full : fitted(first.call + errno, room, 14)
}
