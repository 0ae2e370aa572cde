/** A process before execve(2) and after it: what stays the same, and what is replaced. */
import type { Claim, Story } from '../../story/index.js'
import { box, claimOf, type Draw, when } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { claimsBeside } from './beside.js'

/** The claims that are written beside the rows of each group. */
const keeps = ['exec/keeps-pid', 'exec/keeps-descriptors', 'exec/keeps-pending-signals']
const replaces = ['exec/replaces-memory', 'exec/closes-close-on-exec', 'exec/resets-handlers']

/** The part of a row with its name, and each of the two cells with a value. */
const [nameWidth, cellWidth, gap, rowHeight] = [150, 210, 36, 38]

/** The x coordinate of the rows, and of the claims to their right. */
const [left, right] = [box.left, box.left + nameWidth + 2 * cellWidth + gap + 32]

type Row = Claim & { cells: { [column: string]: string } }

export const drawExec: Draw = (story) => {
  if (!claimOf(story, 'exec/keeps-pid')) return undefined
  const rows = story.claims
    .flatMap((claim): Row[] =>
      claim.id?.startsWith('exec/') && claim.row ? [{ ...claim, ...claim.row }] : [],
    )
    .slice(0, 11)
  const isKept = ({ cells }: Row) => cells.before === cells.after
  const groups = [
    { title: 'execve(2) keeps', attribute: 'data-kept', rows: rows.filter(isKept) },
    { title: 'execve(2) replaces', attribute: 'data-replaced', rows: rows.filter((row) => !isKept(row)) },
  ]
  const tops = [box.top + 20, box.top + 42 + ((groups[0]?.rows.length ?? 0) + 1) * rowHeight]
  const parts = groups.flatMap(({ title, attribute, rows }, at) => {
    const top = tops[at] ?? box.top
    return [
      textAt(left, top, title, 'large'),
      ...rows.map((row, index) => drawRow(story, row, attribute, top + (index + 1) * rowHeight)),
    ]
  })
  const heads = ['before', 'after'].map((head, cell) =>
    textAt(cellAt(cell) + cellWidth / 2, box.top + 20, head, 'small', 'middle'),
  )
  const beside = claimsBeside(
    story,
    [keeps, replaces].map((ids, at) => ({ ids, y: (tops[at] ?? box.top) + rowHeight })),
    right,
  )
  return {
    see: 'One process, before execve(2) and after it: its program changes, and its pid does not.',
    parts: [...heads, ...parts, ...beside.parts],
    claims: beside.claims,
  }
}

const cellAt = (cell: number) => left + nameWidth + cell * (cellWidth + gap)

/** A part of the process with its two values. A replaced value has another pattern, so that it can be told apart in grey. */
function drawRow(story: Story, { cells, holds, t }: Row, attribute: string, y: number): string {
  const { 'part of the process': part = '', before = '', after = '' } = cells
  const value = (cell: number, text: string, kind: string) =>
    element('rect', { x: cellAt(cell), y: y - 20, width: cellWidth, height: 30, rx: 4, class: kind }) +
    textAt(cellAt(cell) + cellWidth / 2, y, fitted(text, cellWidth - 12, 15), 'small', 'middle')
  const [from, to] = [cellAt(0) + cellWidth + 6, cellAt(1) - 6]
  return element(
    'g',
    { [attribute]: part, ...when(story, t) },
    textAt(left, y, fitted(part, nameWidth - 8, 15), holds ? 'name' : 'name bad') +
      value(0, before, 'new') +
      element('path', { d: `M${from} ${y - 5}H${to - 6}`, class: 'arrow' }) +
      element('path', { d: `M${to} ${y - 5}l-10 -5v10z`, class: 'head' }) +
      value(1, after, before === after ? 'new' : 'held'),
  )
}
