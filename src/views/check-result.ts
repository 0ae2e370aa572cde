/** The result of a check of a lab, as lines for people: what was done, expected, and came, and what to do next. */
import { wrapAnsi } from 'fast-wrap-ansi'
import type { Outcome, VerdictFact } from '../events.js'
import { counted } from '../text.js'
import { mark } from './verdict.js'

/** At most so many of the last steps and lines are shown. */
const mostSteps = 8
const mostLines = 5

const signs: Record<Outcome, string> = {
  passed: mark(true),
  failed: mark(false),
  'timed-out': mark(false),
  skipped: '-',
  error: '!',
}

/** The first line: sign, title, and points. */
export function headOfResult({ outcome, id, title, points, max }: VerdictFact): string {
  const how = {
    passed: counted(points, 'point'),
    failed: `0 of ${counted(max, 'point')}`,
    'timed-out': `timed out, 0 of ${counted(max, 'point')}`,
    skipped: 'skipped',
    error: 'not decided',
  }[outcome]
  return `${signs[outcome]} ${id} (${how}): ${title}.`
}

/** The lines below it. Empty for a check that passed. */
export function partsOfResult(verdict: VerdictFact, width: number): string[] {
  const { outcome, done, expected, got, evidence, printed, hint, finding, repeat, reason } = verdict
  if (outcome === 'passed') return []
  const hasFailed = outcome === 'failed' || outcome === 'timed-out'
  const steps = done.slice(-mostSteps)
  return [
    ...part('Reason', reason?.split('\n').slice(0, outcome === 'error' ? mostLines : 1)),
    ...part('Done', hasFailed ? steps : undefined),
    ...part('Expected', expected),
    ...part('Got', got),
    ...part(
      'Kernel',
      evidence.map(({ source, value }) => `${source}: ${value}`),
    ),
    ...part('Printed', hasFailed ? printed?.slice(-mostLines) : undefined),
    ...part('Hint', hint),
    ...part('Read', finding && `osdemo explain ${finding}`),
    // Not wrapped: a line break would cut a command to paste in two.
    ...(repeat === undefined ? [] : [`    ${'Repeat'.padEnd(10)}${repeat}`]),
  ]

  function part(name: string, text: string | string[] | undefined): string[] {
    const lines = (typeof text === 'string' ? [text] : (text ?? [])).flatMap((line) =>
      wrapAnsi(line, Math.max(20, width - 14), { hard: true }).split('\n'),
    )
    return lines.map((line, index) => `    ${(index === 0 ? name : '').padEnd(10)}${line}`)
  }
}
