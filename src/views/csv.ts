/** The rounds of a benchmark as CSV, for a spreadsheet: a line for each side of a round. Views of other runs have other events. */
import type { Event } from '../events.js'

const columns = [
  'mechanism',
  'mode',
  'size',
  'cpus',
  'round',
  'side',
  'count',
  'elapsed',
  'p50',
  'p90',
  'p99',
  'cpu',
  'voluntary',
  'involuntary',
  'calls',
]

/** Of RFC 4180. A spreadsheet would compute a cell that begins with one of these signs. */
function cell(value: unknown): string {
  if (typeof value === 'number') return `${Number(value.toFixed(3))}`
  const text = typeof value === 'string' ? value.replace(/^[=+\-@\t\r]/, "'$&") : ''
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function createCsv() {
  let isBegun = false
  const head = () => (isBegun ? '' : `${columns.join(',')}\n`)
  return {
    event(event: Event): string {
      if (event.event !== 'evidence' || typeof event.data !== 'object' || Array.isArray(event.data)) return ''
      const { data } = event
      if (!Object.hasOwn(data, 'mechanism') || !Object.hasOwn(data, 'round')) return ''
      const text = head()
      isBegun = true
      return `${text}${columns.map((name) => cell(Object.hasOwn(data, name) ? data[name] : '')).join(',')}\n`
    },
    end: head,
  }
}
