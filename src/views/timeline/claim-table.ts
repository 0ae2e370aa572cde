/** Claims that make a table, shown as one: a row for each, its mark before it. */
import type { ClaimFact, TableRow } from '../../events.js'
import { largest } from '../../text.js'

export interface ClaimRow extends ClaimFact {
  row: TableRow
}

export interface TablePaint {
  head(text: string): string
  row(holds: boolean, text: string): string
}

/**
 * @param rows of one table or of several, one after the other
 * @returns undefined when it would be wider than that
 */
export function drawClaimTable(
  rows: readonly ClaimRow[],
  width: number,
  paint: TablePaint,
): string | undefined {
  const columns = Object.keys(rows[0]?.row.cells ?? {})
  const widthOf = (column: string) =>
    largest(
      rows.map(({ row }) => cellOf(row, column).length),
      column.length,
    )
  const widths = columns.map(widthOf)
  if (widths.reduce((sum, each) => sum + each + 2, 0) > width) return undefined
  const line = (cells: string[]) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd()
  let title = ''
  const lines = rows.flatMap(({ row, holds }) => {
    const text = paint.row(holds, line(columns.map((column) => cellOf(row, column))))
    if (row.table === title) return [text]
    title = row.table
    return ['', paint.head(title), paint.head(`  ${line(columns)}`), text]
  })
  return `${lines.join('\n')}\n\n`
}

/** A recording may name a column as what every object has: `toString`. */
function cellOf({ cells }: TableRow, column: string): string {
  return (Object.hasOwn(cells, column) && cells[column]) || ''
}
