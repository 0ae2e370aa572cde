/** The reports that are lines of text. What a program printed never begins a line, or stands where nothing is read as syntax. */
import { randomUUID } from 'node:crypto'
import type { VerdictFact } from '../../events.js'
import { countOf, hasFailed, linesOf, printable, type Results, shortOf, sumOf } from './words.js'

const lines = (list: readonly string[]) => `${list.join('\n')}\n`

/** TAP version 14. A check that was not decided is not ok, so that nothing that was not run is green. */
export function tap({ verdicts }: Results): string {
  const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('#', '\\#')
  const point = (verdict: VerdictFact, index: number) => {
    const { outcome, id, title } = verdict
    const name = `${index + 1} - ${escaped(`${id}: ${title}`)}`
    if (outcome === 'passed') return [`ok ${name}`]
    if (outcome === 'skipped') return [`ok ${name} # SKIP ${escaped(shortOf(verdict))}`]
    // JSON strings are YAML.
    const items = linesOf(verdict).map((line) => `    - ${JSON.stringify(line)}`)
    return [
      `not ok ${name}`,
      '  ---',
      `  message: ${JSON.stringify(shortOf(verdict))}`,
      '  details:',
      ...items,
      '  ...',
    ]
  }
  return lines(['TAP version 14', `1..${verdicts.length}`, ...verdicts.flatMap(point)])
}

/** Workflow commands of GitHub, to be printed. What comes from the program stands between stop-commands. */
export function github({ lab, verdicts }: Results, token: string = randomUUID()): string {
  const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
  const tell = (verdict: VerdictFact) => {
    if (verdict.outcome === 'passed') return []
    const level = hasFailed(verdict) ? 'error' : verdict.outcome === 'skipped' ? 'notice' : 'warning'
    const title = property(`${lab} ${verdict.id}`)
    return [
      `::${level} title=${title}::${data(`${verdict.title}: ${shortOf(verdict)}`)}`,
      `::stop-commands::${token}`,
      ...linesOf(verdict),
      `::${token}::`,
    ]
  }
  return lines([
    ...verdicts.flatMap(tell),
    `${sumOf(verdicts, 'points')} of ${sumOf(verdicts, 'max')} points`,
  ])
}

/** Moodle VPL, on stdout. The grade is the last line, and each line of a result is marked as preformatted. */
export function vpl({ verdicts }: Results): string {
  const max = sumOf(verdicts, 'max')
  const grade = max === 0 ? 0 : Math.round((10_000 * sumOf(verdicts, 'points')) / max) / 100
  const blocks = verdicts.flatMap((verdict) => [
    '<|--',
    `-${verdict.id}: ${verdict.title} (${verdict.outcome}, ${verdict.points} of ${verdict.max})`,
    ...linesOf(verdict).map((line) => `>${line}`),
    '--|>',
  ])
  return lines([...blocks, `Grade :=>> ${grade}`])
}

/** Markdown, for people and for the step summary of GitHub. */
export function markdown({ lab, command, verdicts }: Results): string {
  const cell = (text: string) => printable(text).replaceAll(/[\\`*_{}[\]<>|#&]/g, (sign) => `\\${sign}`)
  const rows = verdicts.map(
    (verdict) =>
      `| ${verdict.id} | ${cell(verdict.title)} | ${verdict.outcome} | ${verdict.points} of ${verdict.max} |`,
  )
  const details = verdicts.flatMap((verdict) => {
    if (verdict.outcome === 'passed') return []
    const text = linesOf(verdict)
    // A fence must be longer than every run of backticks in it.
    const longest =
      text
        .join()
        .match(/`+/g)
        ?.reduce((most, run) => Math.max(most, run.length), 0) ?? 0
    const fence = '`'.repeat(Math.max(3, longest + 1))
    return ['', `## ${verdict.id}`, '', fence, ...text, fence]
  })
  const passed = countOf(verdicts, 'passed')
  return lines([
    `# ${lab}: ${sumOf(verdicts, 'points')} of ${sumOf(verdicts, 'max')} points`,
    '',
    `${passed} of ${verdicts.length} checks passed: ${cell(command)}`,
    '',
    '| check | what the program must do | result | points |',
    '|---|---|---|---|',
    ...rows,
    ...details,
  ])
}

/** The verdicts alone, each as a line of JSON. */
export function ndjson({ verdicts }: Results): string {
  return lines(verdicts.map((verdict) => JSON.stringify(verdict)))
}
