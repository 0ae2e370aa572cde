/** The parts of a result that every report has, as text without control characters. */
import type { VerdictFact } from '../../events.js'

/** All that a report is made from. Checks that were not run yet have the outcome `error`. */
export interface Results {
  lab: string
  command: string
  verdicts: readonly VerdictFact[]
  /** Whether every check has its result. */
  isComplete: boolean
}

/** Control characters, characters that no XML document may have, and halves of surrogate pairs, as escapes. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are escaped
  const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]|\p{Cs}/gu
  return text.replace(unprintable, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Lines that tell all about a result: what was done, expected, and came, and what to do next. Empty for a check that passed. */
export function linesOf(verdict: VerdictFact): string[] {
  const { outcome, reason, done, expected, got, evidence, printed = [], hint, finding, repeat } = verdict
  if (outcome === 'passed') return []
  const part = (name: string, texts: readonly (string | undefined)[]) =>
    texts.flatMap((text) => (text === undefined ? [] : `${name}: ${text}`))
  const quotes = evidence.map(({ source, value }) => `${source}: ${value}`)
  const lines = [
    ...part('Outcome', [outcome]),
    ...part('Reason', [reason]),
    ...part('Done', done),
    ...part('Expected', [expected]),
    ...part('Got', [got]),
    ...part('Kernel', quotes),
    ...part('Printed', printed),
    ...part('Hint', [hint]),
    ...part('Read', [finding && `osdemo explain ${finding}`]),
    ...part('Repeat', [repeat]),
  ]
  return lines.map((line) => printable(line.replaceAll('\n', ' ')))
}

/** One line: what came in place of what was expected, or why nothing was decided. */
export function shortOf({ got, reason, outcome }: VerdictFact): string {
  return printable((got ?? reason ?? outcome).split('\n')[0] ?? outcome)
}

export const hasFailed = ({ outcome }: VerdictFact) => outcome === 'failed' || outcome === 'timed-out'

export function sumOf(verdicts: readonly VerdictFact[], field: 'points' | 'max'): number {
  return verdicts.reduce((sum, verdict) => sum + verdict[field], 0)
}

export const countOf = (verdicts: readonly VerdictFact[], ...outcomes: VerdictFact['outcome'][]) =>
  verdicts.filter(({ outcome }) => outcomes.includes(outcome)).length
