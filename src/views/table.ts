/** Draws claims or notes as a table. */
import type { TableRow } from '../events.js'
import { largest } from '../text.js'

export interface TablePaint<Row> {
  head(text: string): string
  row(row: Row, text: string): string
}

/**
 * @param rows consecutive rows, of one table or of several
 * @returns undefined when the table would be wider than `width`
 */
export function drawTable<Row extends { row: TableRow }>(
  rows: readonly Row[],
  width: number,
  paint: TablePaint<Row>,
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
  const lines = rows.flatMap((row) => {
    const text = paint.row(row, line(columns.map((column) => cellOf(row.row, column))))
    if (row.row.table === title) return [text]
    title = row.row.table
    return ['', paint.head(title), paint.head(`  ${line(columns)}`), text]
  })
  return `${lines.join('\n')}\n\n`
}

/** A recording may give a column the name of a property that every object has, such as `toString`. */
function cellOf({ cells }: TableRow, column: string): string {
  return (Object.hasOwn(cells, column) && cells[column]) || ''
}
