/** Long tables of `osdemo trace`: rows that differ in numbers only are one row, with their sums. */
import { expect, test } from 'vitest'
import { type Row, together } from '../../src/demos/trace/alike.js'

const sums = (value: number) => ({ times: { value, show: String } })

/** A pipe of which a process reads. */
function pipe(number: number, program: string, pid: number): Row {
  return {
    cells: {
      object: `pipe ${number}`,
      'made by': `${pid}`,
      'read by': `${program} (${pid})`,
      times: `${number}`,
    },
    text: '',
    data: { object: `pipe ${number}`, kind: 'pipe', pid },
    sums: sums(number),
  }
}

const many = (length: number, make: (index: number) => Row) =>
  Array.from({ length }, (_, index) => make(index))

test('a short table has a row for each', () => {
  const rows = many(12, (n) => pipe(n, 'cc', 7))
  expect(together(rows)).toEqual(rows)
})

test('objects of the same process are one row, beside those of another one', () => {
  const rows = [...many(10, (n) => pipe(n, 'cc', 7)), ...many(5, (n) => pipe(20 + n, 'cc', 8))]
  expect(together(rows).map(({ cells }) => Object.values(cells))).toEqual([
    ['10 x pipe', '7', 'cc (7)', '45'],
    ['5 x pipe', '8', 'cc (8)', '110'],
  ])
  expect(together(rows)[0]!.data).toEqual({ kind: 'pipe', pid: 7, times: 45, alike: 10 })
  // On a narrow terminal the sentence has no heads of columns beside it.
  for (const part of ['made by 7', 'read by cc (7)']) expect(together(rows)[0]!.text).toContain(part)
})

test('processes of the same program are one row where there are many, and others are not', () => {
  const rows = [...many(13, (n) => pipe(n, 'cc', 100 + n)), pipe(50, 'ar', 200)]
  expect(together(rows).map(({ cells }) => Object.values(cells))).toEqual([
    ['13 x pipe', '13 processes', '13 x cc', '78'],
    ['pipe 50', '200', 'ar (200)', '50'],
  ])
})

test('numbers that are no names keep rows apart', () => {
  const row = (n: number): Row => ({
    cells: { process: `sh (${n})`, 'how it ended': `exited with code ${n % 2}`, times: '1' },
    text: '',
    data: {},
    sums: sums(1),
    below: n < 10 ? 'make' : 'sh',
  })
  expect(together(many(20, row)).map(({ cells }) => Object.values(cells))).toEqual([
    ['5 x sh', 'exited with code 0', '5'],
    ['5 x sh', 'exited with code 1', '5'],
    ['5 x sh', 'exited with code 0', '5'],
    ['5 x sh', 'exited with code 1', '5'],
  ])
})
