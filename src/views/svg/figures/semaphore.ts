/** The value of a semaphore as a staircase over its moments, and below it which processes are inside, and which wait. */
import { scaleLinear } from 'd3-scale'
import type { Claim } from '../../story/index.js'
import { box, claimOf, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, textAt, wrapped } from '../parts.js'

/** The claims whose evidence makes the moments, and those that are written below, in two columns. */
const from = [
  'semaphore/admits-its-value',
  'semaphore/post-admits-one',
  'semaphore/undo-gives-back',
  'semaphore/value-is-lost-without-undo',
  'semaphore/removal-ends-the-wait',
]
const written = [
  ['semaphore/admits-its-value', 'semaphore/waiting-costs-no-cpu-time', 'semaphore/post-admits-one'],
  ['semaphore/undo-gives-back', 'semaphore/value-is-lost-without-undo', 'semaphore/removal-ends-the-wait'],
]

const left = box.left + 92
const [headTop, stairTop, stairBottom, rowTop, rowHeight, claimTop] = [134, 188, 264, 284, 54, 526]

/** The most columns and rows for which there is room. */
const [mostMoments, mostProcesses] = [10, 4]

interface Cell {
  process: string
  state: string
  label: string
}

interface Moment {
  title: string
  t: number
  /** Undefined when the set has been removed. */
  value: number | undefined
  cells: Cell[]
}

export const drawSemaphore: Draw = (story) => {
  if (!claimOf(story, 'semaphore/admits-its-value')) return undefined
  const moments = claimsOf(story, from).flatMap(momentsOf).slice(0, mostMoments)
  const [first] = moments
  if (!first) return undefined
  const names = first.cells.map(({ process }) => process).slice(0, mostProcesses)
  const width = (box.right - left) / moments.length
  const highest = Math.max(1, ...moments.map(({ value = 0 }) => value))
  const height = scaleLinear([0, highest], [stairBottom, stairTop])
  const columns = written.map((ids) => claimsOf(story, ids))
  return {
    see: 'The value is the number of free places. A high box: the process is inside. A low box: it waits.',
    parts: [
      textAt(box.left, (stairTop + stairBottom) / 2 + 5, 'value', 'name'),
      ...names.map((name, row) => textAt(box.left, middleOf(row) + 5, name, 'name')),
      ...names.map((_, row) =>
        element('rect', {
          x: left,
          y: rowTop + row * rowHeight,
          width: box.right - left,
          height: rowHeight - 6,
          rx: 4,
          class: 'band',
        }),
      ),
      ...moments.map((moment, at) => {
        const x = left + at * width
        const before = at === 0 ? undefined : moments[at - 1]?.value
        return element(
          'g',
          {
            'data-moment': moment.title,
            'data-value': moment.value,
            'data-inside': namesIn(moment, 'inside'),
            'data-waiting': namesIn(moment, 'waiting'),
            ...when(story, moment.t),
          },
          [
            ...wrapped(moment.title, width - 8, 14, 2).map((line, row) =>
              textAt(x + width / 2, headTop + row * 18, line, 'small', 'middle'),
            ),
            ...stair(moment.value, before, x, width, height),
            ...names.map((name, row) => drawCell(moment, name, row, x, width)),
          ].join(''),
        )
      }),
      ...columns.flatMap((claims, at) => {
        const x = box.left + at * 610
        return writeClaims(story, claims, { x, y: claimTop, width: 590, lines: 2 }).parts
      }),
    ],
    claims: columns.flat(),
  }
}

const middleOf = (row: number) => rowTop + row * rowHeight + (rowHeight - 6) / 2

function namesIn({ cells }: Moment, wanted: string): string {
  return cells
    .filter(({ state }) => state === wanted)
    .map(({ process }) => process)
    .join(' ')
}

/** The moments that the evidence of a claim names, in the order of time. */
function momentsOf({ evidence }: Claim): Moment[] {
  const moments: Moment[] = []
  for (const { data, t } of evidence) {
    if (Array.isArray(data)) {
      const rows = data.flatMap((row) => (typeof row === 'object' && row !== null ? [row] : []))
      const { moment, value } = rows[0] ?? {}
      if (typeof moment !== 'string' || !isNumber(value)) continue
      const cells = rows.map(({ process, state, undo }) => ({
        process: `${process}`,
        state: `${state}`,
        label: state === 'inside' && undo === true ? 'SEM_UNDO' : `${state}`,
      }))
      moments.push({ title: moment, t, value, cells })
    } else if (
      typeof data === 'object' &&
      data !== null &&
      typeof data.process === 'string' &&
      'errno' in data
    ) {
      const cell = { process: data.process, state: 'error', label: `${data.errno ?? 'returned'}` }
      moments.push({ title: 'the set is removed', t, value: undefined, cells: [cell] })
    }
  }
  return moments
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

/** A step of the staircase, with its number above it. */
function stair(
  value: number | undefined,
  before: number | undefined,
  x: number,
  width: number,
  height: (value: number) => number,
): string[] {
  if (value === undefined) return []
  const y = height(value)
  const start = before === undefined ? y : height(before)
  return [
    element('rect', { x, y, width, height: stairBottom - y, class: 'band' }),
    element('path', { d: `M${x.toFixed(1)},${start}V${y}H${(x + width).toFixed(1)}`, class: 'frame' }),
    textAt(x + width / 2, y - 6, `${value}`, 'large', 'middle'),
  ]
}

function drawCell({ cells }: Moment, name: string, row: number, x: number, width: number): string {
  const cell = cells.find(({ process }) => process === name)
  if (!cell || cell.state === 'outside') return ''
  const y = middleOf(row)
  const text = textAt(x + width / 2, y + 5, cell.label, 'small', 'middle')
  if (cell.state !== 'inside' && cell.state !== 'waiting')
    return textAt(x + width / 2, y + 5, cell.label, 'bad', 'middle')
  const height = cell.state === 'inside' ? 38 : 22
  return (
    element('rect', {
      x: x + 3,
      y: y - height / 2,
      width: width - 6,
      height,
      rx: 3,
      class: cell.state === 'inside' ? 'held' : 'waiting',
    }) + text
  )
}
