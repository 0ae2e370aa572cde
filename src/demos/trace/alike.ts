/** Rows of a long table that differ in numbers only become one row: 12 compilers with the same pipes, 500 connections. */
import { counted } from '../../text.js'

export interface Row {
  cells: Record<string, string>
  text: string
  data: Record<string, string | number | null>
  /** The columns that are added up, with their values, and how a sum is shown. */
  sums?: Record<string, { value: number; show: (sum: number) => string }>
  /** What rows must have in common besides their cells. */
  below?: string
}

/** Columns with a pid and nothing else. */
const pids = ['pid', 'made by']

/** Columns with an object, which may have a number behind its name. */
const objects = ['object', 'through', 'waits for']

/** Columns whose cells mean nothing in a sentence without the name of the column. */
const relations = ['made by', 'written by', 'read by', 'used by', 'from', 'to', 'through', 'waits for']

/** A shorter table has a row for each. */
const few = 12

/** The rows in the order of the first of those that are alike: first those of the same processes, then those of the same programs. */
export function together(rows: readonly Row[]): Row[] {
  if (rows.length <= few) return [...rows]
  const ofProcesses = grouped(rows, withoutNumber)
  return ofProcesses.length <= few
    ? ofProcesses
    : grouped(rows, (column, text) => withoutPid(column, withoutNumber(column, text)))
}

function grouped(rows: readonly Row[], nameIn: (column: string, text: string) => string): Row[] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const columns = Object.entries(row.cells).filter(([column]) => row.sums?.[column] === undefined)
    const key = JSON.stringify([row.below, ...columns.map(([column, text]) => nameIn(column, text))])
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  return [...groups.values()].flatMap((group) => (group.length > 1 ? merged(group) : group))
}

/** `pipe 3`, or a connection: `TCP 127.0.0.1:80 (3)`. */
function withoutNumber(column: string, text: string): string {
  return objects.includes(column) ? text.replace(/ (?:\d+|\(\d+\))$/, '') : text
}

function withoutPid(column: string, text: string): string {
  return pids.includes(column) ? text.replace(/^\d+$/, '') : text.replace(/ \(\d+\)$/, '')
}

function merged(group: Row[]): Row[] {
  const [first] = group
  if (!first) return []
  const sumOf = (column: string) => group.reduce((sum, { sums }) => sum + (sums?.[column]?.value ?? 0), 0)
  const cells = Object.entries(first.cells).map(([column, text]): [string, string] => {
    const sum = first.sums?.[column]
    if (sum) return [column, sum.show(sumOf(column))]
    const count = new Set(group.map((row) => row.cells[column])).size
    if (count === 1) return [column, text]
    if (pids.includes(column)) return [column, counted(count, 'process', 'processes')]
    const name = withoutPid(column, withoutNumber(column, text))
    const [indent = ''] = /^ */.exec(name) ?? []
    return [column, `${indent}${count} x ${name.trim()}`]
  })
  const words = cells
    .filter(([, cell]) => cell !== '-')
    .map(([column, cell]) => {
      if (column === 'removed') return column
      const hasName = first.sums?.[column] !== undefined || relations.includes(column)
      return hasName ? `${column} ${cell.trim()}` : cell.trim()
    })
  const common = Object.entries(first.data).filter(([name, value]) =>
    group.every(({ data }) => data[name] === value),
  )
  const totals = Object.keys(first.sums ?? {}).map((column) => [column, sumOf(column)])
  return [
    {
      cells: Object.fromEntries(cells),
      text: `${group.length} times: ${words.join(', ')}.`,
      data: { ...Object.fromEntries([...common, ...totals]), alike: group.length },
    },
  ]
}
