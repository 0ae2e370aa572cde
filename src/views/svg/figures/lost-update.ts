/** How an update is lost: two additions of one counter, step by step, and what the counter contained after many of them. */
import { scaleLinear } from 'd3-scale'
import { type Data, numberIn } from '../../../events.js'
import { largest, micro, thousands } from '../../../text.js'
import type { Story } from '../../story/index.js'
import { claimOf, when } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { participant } from './participants.js'
import { createSteps } from './steps.js'

/** One addition. Times are nanoseconds since the beginning of the first one. */
interface Addition {
  name: string
  seen: number
  written: number
  /** It read between the first two times, and wrote between the last two. */
  begin: number
  read: number
  added: number
  end: number
}

export interface LostUpdate {
  t: number
  both: [Addition, Addition]
}

/** The two additions of which one was lost, where the story contains their steps. */
export function lostUpdateIn({ steps }: Story): LostUpdate | undefined {
  for (const { event } of steps) {
    if (event.event !== 'evidence') continue
    const [one, other, ...more] = additionsIn(event.data)
    if (one && other && more.length === 0) return { t: event.t, both: [one, other] }
  }
  return undefined
}

function additionsIn(data: Data | undefined): Addition[] {
  if (!Array.isArray(data)) return []
  return data.flatMap((row) => {
    if (typeof row !== 'object' || row === null || typeof row.name !== 'string') return []
    const names = ['seen', 'written', 'begin', 'read', 'added', 'end']
    const numbers = names.flatMap((name) => numberIn(row, name) ?? [])
    // Only a complete row is drawn, so the zeros never are.
    const [seen = 0, written = 0, begin = 0, read = 0, added = 0, end = 0] = numbers
    return numbers.length === names.length ? [{ name: row.name, seen, written, begin, read, added, end }] : []
  })
}

/** Heights: of the steps of a process, and of the counter between the two. */
const stepHeight = 40
const cellHeight = 74

/** The steps of both processes around the counter, in their order. Its height is 260. */
export function drawSteps(
  story: Story,
  lost: LostUpdate | undefined,
  place: { left: number; right: number; top: number },
): string[] {
  const { left, right, top } = place
  const title = textAt(left, top, 'A lost update', 'name')
  if (!lost)
    return [title, textAt(left, top + 28, 'Not observed in this run: the steps of two additions.', 'dim')]
  const { t, both } = lost
  const from = left + 110
  const moments = both.flatMap(({ begin, read, added, end }) => [begin, read, added, end])
  const x = createSteps(moments, from, right)
  const cellTop = top + 24 + stepHeight + 24
  const rows = [top + 24, cellTop + cellHeight + 4]
  const writes = both.map(({ added, end }) => (x(added) + x(end)) / 2)
  const [first, second] = [Math.min(...writes), Math.max(...writes)]
  const [one] = both
  const middle = cellTop + cellHeight / 2 - 10
  const values = [
    { at: from, to: first, value: one.seen },
    { at: first, to: second, value: one.written },
    // The last value has room to the right of the steps.
    { at: second, to: right + 40, value: one.written },
  ]
  const time = micro(largest(moments, 0) / 1000)
  const foot = (rows[1] ?? top) + stepHeight + 24
  return [
    title,
    textAt(from, foot, 'Two additions, but the counter grew by 1.', 'name'),
    textAt(
      from,
      foot + 21,
      `The steps are in their order, not to scale. Together they took ${time}.`,
      'small dim',
    ),
    textAt(left, middle + 5, 'the counter', ''),
    ...values.map(({ at, to, value }) => {
      const rect = { x: at, y: middle - 15, width: Math.max(to - at - 2, 1), height: 30, class: 'held' }
      const text = fitted(thousands(value), to - at - 4, 16)
      return element('rect', rect) + textAt((at + to) / 2, middle + 6, text, 'name', 'middle')
    }),
    ...both.flatMap((addition, at) => drawAddition(addition, at, x, left, rows[at] ?? top, middle)),
  ].map((part) => element('g', { ...when(story, t), 'data-step': one.seen }, part))
}

function drawAddition(
  { name, seen, written, begin, read, added, end }: Addition,
  at: number,
  x: (t: number) => number,
  left: number,
  y: number,
  middle: number,
): string[] {
  const steps = [
    {
      from: begin,
      to: read,
      label: `reads ${thousands(seen)}`,
      kind: `region ${participant(at)}`,
      arrow: 'read',
    },
    { from: read, to: added, label: 'adds 1', kind: 'new', arrow: '' },
    {
      from: added,
      to: end,
      label: `writes ${thousands(written)}`,
      kind: `region ${participant(at)}`,
      arrow: 'write',
    },
  ]
  // Arrows end at the edges of the counter and of the steps.
  const [near, far] = at === 0 ? [middle - 16, y + stepHeight] : [middle + 16, y]
  return [
    textAt(left, y + 25, fitted(name, 104, 16), 'name'),
    ...steps.flatMap(({ from, to, label, kind, arrow }) => {
      const [start, width] = [x(from), Math.max(x(to) - x(from), 1)]
      const center = start + width / 2
      const lines = fitted(label, width - 2, 14) === label ? [label] : label.split(' ')
      const text = lines
        .map((line, row) => textAt(center, y + 34 - 9 * lines.length + 18 * row, line, 'small', 'middle'))
        .join('')
      const box = element('rect', { x: start, y, width, height: stepHeight, class: kind })
      if (arrow === '') return [box, text]
      const [begins, ends] = arrow === 'read' ? [near, far] : [far, near]
      return [box, text, drawArrow(center, begins, ends)]
    }),
  ]
}

/** A vertical arrow. */
export function drawArrow(x: number, from: number, to: number): string {
  const back = from < to ? -8 : 8
  const head = `M${x - 5} ${to + back}L${x} ${to}L${x + 5} ${to + back}Z`
  return (
    element('path', { d: `M${x.toFixed(1)} ${from}V${to + back}`, class: 'arrow' }) +
    element('path', { d: head, class: 'head' })
  )
}

/** The ways to count, in the order in which the demos try them. */
const ways = [
  { label: 'plain additions', claim: 'shm/plain-add-loses-updates' },
  { label: 'atomic additions', claim: 'shm/atomic-add-loses-no-updates' },
  { label: 'plain additions with a lock', claim: 'lock/prevents-lost-updates' },
]

/** What the counter contained after each way to count, as bars; a dashed part was lost. Its height is 60 for each way. */
export function drawTotals(story: Story, place: { left: number; right: number; top: number }): string[] {
  const { left, right, top } = place
  const totals = story.steps.flatMap(({ event }) =>
    event.event === 'evidence' && event.source === 'cell[0]' && typeof event.data === 'number'
      ? [{ t: event.t, total: Math.max(0, event.data) }]
      : [],
  )
  // No way counts too many, and atomic additions count all.
  const all = largest(
    totals.map(({ total }) => total),
    1,
  )
  const length = scaleLinear([0, all], [0, right - left])
  const rows = totals.slice(0, ways.length).flatMap(({ t, total }, at) => {
    const { label, claim: id } = ways[at]! // There are not more totals than ways.
    const claim = claimOf(story, id)
    const y = top + 24 + 60 * at
    const lost = all - total
    const words = lost > 0 ? `${thousands(total)}, and ${thousands(lost)} lost` : `all ${thousands(total)}`
    const sign = claim ? (claim.holds ? '✔ ' : '✘ ') : ''
    const shown = fitted(`${sign}${label}: ${words}`, right - left, 15)
    const parts = [
      textAt(left, y, shown, claim?.holds === false ? 'bad' : ''),
      element('rect', { x: left, y: y + 8, width: length(total), height: 20, class: 'three' }),
      lost > 0
        ? element('rect', {
            x: left + length(total),
            y: y + 8,
            width: length(lost),
            height: 20,
            class: 'frame',
            'stroke-dasharray': '4 3',
          })
        : '',
    ]
    return [
      element('g', { ...when(story, t), 'data-total': total, 'data-claims': claim?.id }, parts.join('')),
    ]
  })
  return rows.length === 0 ? [] : [textAt(left, top - 6, 'The counter at the end', 'name'), ...rows]
}

/** The claims that {@link drawTotals} shows. */
export function claimsOfTotals(story: Story) {
  return ways.flatMap(({ claim }) => claimOf(story, claim) ?? [])
}
