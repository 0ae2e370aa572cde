/** The table at the end of the tour: a row for each topic, with what was shown. */
import { wrapAnsi } from 'fast-wrap-ansi'
import { largest } from '../../text.js'
import { drawHeading, type PageLooks } from './page.js'

export interface SummaryRow {
  topic: string
  chapters: readonly string[]
  claims: number
  held: number
}

export function drawSummary(rows: readonly SummaryRow[], looks: PageLooks): string {
  const { chalk, width } = looks
  const cells = rows.map(({ topic, chapters, claims, held }) => ({
    topic,
    chapters: chapters.join(', '),
    held: `${held} of ${claims}`,
    failed: held < claims,
  }))
  const heads = { topic: 'topic', chapters: 'chapters', held: 'claims that held' }
  const first = largest(
    cells.map(({ topic }) => topic.length),
    heads.topic.length,
  )
  const last = heads.held.length
  const middle = Math.max(20, width - first - last - 4)
  const row = (topic: string, chapters: string, held: string) => {
    const lines = wrapAnsi(chapters, middle, { hard: true }).split('\n')
    return lines.map((line, at) =>
      `${(at === 0 ? topic : '').padEnd(first)}  ${line.padEnd(middle)}  ${at === 0 ? held : ''}`.trimEnd(),
    )
  }
  const lines = [
    ...row(heads.topic, heads.chapters, heads.held).map((line) => chalk.bold(line)),
    ...cells.flatMap(({ topic, chapters, held, failed }) =>
      row(topic, chapters, failed ? chalk.red(held) : held),
    ),
  ]
  const total = rows.reduce((sum, { claims }) => sum + claims, 0)
  const held = rows.reduce((sum, row) => sum + row.held, 0)
  const paint = held === total ? chalk.green.bold : chalk.red.bold
  return `${drawHeading('What was shown', looks)}${lines.map((line) => `${line}\n`).join('')}\n${paint(`${held} of ${total} claims hold.`)}\n`
}
