/** A table of text for stdout: the columns in capitals, then a line for each row. */
import { largest } from '../../text.js'

/** @param rows at least one, all with the same columns */
export function table(rows: Record<string, string>[]): string {
  const columns = Object.keys(rows[0] ?? {})
  const lines = [Object.fromEntries(columns.map((name) => [name, name.toUpperCase()])), ...rows]
  const padded = columns.map((name) => {
    const cells = lines.map((line) => line[name] ?? '')
    const width = largest(
      cells.map((cell) => cell.length),
      0,
    )
    return cells.map((cell) => cell.padEnd(width))
  })
  return lines
    .map(
      (_, row) =>
        `${padded
          .map((cells) => cells[row])
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
