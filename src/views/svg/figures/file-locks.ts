/** Which process holds a file lock and which one waits, at each moment: a row for each process, a column for each moment. */
import { constants } from 'node:os'
import { numberIn } from '../../../events.js'
import type { Claim, Story } from '../../story/index.js'
import { box, claimOf, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt, wrapped } from '../parts.js'

/** The parts of the demo: the claims whose evidence makes the columns, and those that are written below. */
const groups = [
  {
    title: 'Waiting',
    from: ['lock/shared-locks-coexist', 'lock/exclusive-lock-waits'],
    claims: ['lock/exclusive-lock-waits', 'lock/locks-are-advisory'],
  },
  {
    title: 'Lock, then fork(2)',
    from: ['lock/child-shares-description-locks', 'lock/child-has-no-record-locks'],
    claims: ['lock/child-has-no-record-locks'],
  },
  {
    title: 'Another close(2)',
    from: ['lock/any-close-releases-record-locks', 'lock/description-locks-survive-other-close'],
    claims: ['lock/any-close-releases-record-locks'],
  },
  {
    title: 'A circle of two',
    from: [
      'lock/kernel-refuses-record-deadlock',
      'lock/description-locks-can-deadlock',
      'lock/killed-holder-releases-locks',
    ],
    claims: ['lock/kernel-refuses-record-deadlock', 'lock/description-locks-can-deadlock'],
  },
]

const processes = ['first', 'child', 'second']

const [rowsLeft, gap] = [box.left + 76, 20]
const groupWidth = (box.right - rowsLeft - (groups.length - 1) * gap) / groups.length
const [titleTop, headTop, rowTop, rowHeight, claimTop] = [144, 176, 216, 84, 492]

interface Cell {
  process: string
  waits: boolean
  label: string
}

interface Column {
  moment: string
  t: number
  cells: Cell[]
}

export const drawFileLocks: Draw = (story) => {
  if (!claimOf(story, 'lock/exclusive-lock-waits')) return undefined
  const claims = groups.map((group) => claimsOf(story, group.claims))
  return {
    see: 'A high box: it holds a lock. A low box: it waits. No box: no lock. ofd: lock of an open file description.',
    parts: [
      ...processes.map((name, at) => textAt(box.left, middleOf(at) + 5, name, 'name')),
      ...groups.flatMap(({ title, from }, at) => {
        const x = rowsLeft + at * (groupWidth + gap)
        const columns = claimsOf(story, from).flatMap(columnsOf).slice(0, 4)
        const written = writeClaims(story, claims[at] ?? [], { x, y: claimTop, width: groupWidth, lines: 5 })
        return [
          textAt(x, titleTop, title, 'large'),
          ...processes.map((_, row) =>
            element('rect', {
              x,
              y: rowTop + row * rowHeight,
              width: groupWidth,
              height: rowHeight - 8,
              rx: 4,
              class: 'band',
            }),
          ),
          ...columns.map((column, one) => {
            const width = groupWidth / columns.length
            return drawColumn(story, column, x + one * width, width)
          }),
          ...written.parts,
        ]
      }),
    ],
    claims: claims.flat(),
  }
}

const middleOf = (row: number) => rowTop + row * rowHeight + (rowHeight - 8) / 2

/** A column for each moment that the evidence of a claim names, in the order of time. */
function columnsOf({ evidence }: Claim): Column[] {
  const columns = new Map<string, Column>()
  for (const { data, t } of evidence) {
    if (numberIn(data, 'errno') === constants.errno.EDEADLK)
      [...columns.values()].at(-1)?.cells.push({ process: 'second', waits: true, label: 'EDEADLK' })
    if (!Array.isArray(data)) continue
    for (const row of data) {
      if (typeof row !== 'object' || row === null || typeof row.moment !== 'string') continue
      const { moment, process, waits, access, kind, from } = row
      const column = columns.get(moment) ?? { moment, t, cells: [] }
      columns.set(moment, column)
      const isByte = kind !== 'FLOCK' && moment.includes('both')
      const held = isByte ? `byte ${from}` : access === 'READ' ? 'shared' : 'exclusive'
      if (processes.includes(`${process}`))
        column.cells.push({
          process: `${process}`,
          waits: waits === true,
          label: waits === true ? 'waits' : held,
        })
    }
  }
  return [...columns.values()]
}

function drawColumn(story: Story, { moment, t, cells }: Column, x: number, width: number): string {
  const heads = wrapped(moment, width - 4, 14, 2).map((line, at) =>
    textAt(x + width / 2, headTop + at * 18, line, 'small', 'middle'),
  )
  const drawn = processes.flatMap((name, row) => {
    // What it holds is above what it waits for.
    const own = cells
      .filter(({ process }) => process === name)
      .sort((one, other) => Number(one.waits) - Number(other.waits))
      .slice(0, 2)
    return own.map(({ waits, label }, at) => {
      const y = middleOf(row) + (own.length - 1) * (at === 0 ? -17 : 17)
      const height = waits ? 20 : 32
      return (
        element('rect', {
          x: x + 4,
          y: y - height / 2,
          width: width - 8,
          height,
          rx: 3,
          class: waits ? 'waiting' : 'held',
        }) + textAt(x + width / 2, y + 5, fitted(label, width - 8, 14), 'small', 'middle')
      )
    })
  })
  const holders = cells.map(({ process, label }) => `${process} ${label}`).join(', ')
  return element('g', { 'data-locks': holders, ...when(story, t) }, heads.join('') + drawn.join(''))
}
