/** The reports that are one JSON document. */
import type { VerdictFact } from '../../events.js'
import { hasFailed, linesOf, printable, type Results, shortOf, sumOf } from './words.js'

const text = (value: unknown) => `${JSON.stringify(value, null, 1)}\n`
const nameOf = ({ id, title }: VerdictFact) => `${id}: ${title}`

/** Gradescope, results/results.json. Without a status, a test is neither passed nor failed. */
export function gradescope({ verdicts, isComplete }: Results): string {
  return text({
    output: isComplete ? '' : 'The checks were not finished.',
    stdout_visibility: 'hidden',
    tests: verdicts.map((verdict, index) => ({
      number: `${index + 1}`,
      name: nameOf(verdict),
      score: verdict.points,
      max_score: verdict.max,
      ...(verdict.outcome === 'passed' && { status: 'passed' }),
      ...(hasFailed(verdict) && { status: 'failed' }),
      output: linesOf(verdict).join('\n'),
      output_format: 'text',
      visibility: 'visible',
    })),
  })
}

/** Classroom 50, result.json. Its runner passes the names in environment variables, and adds the owner. */
export function classroom50({ verdicts }: Results, env = process.env): string {
  return text({
    schema: 'classroom50/result/v1',
    classroom: env.CLASSROOM ?? '',
    assignment: env.ASSIGNMENT ?? '',
    ...(env.ASSIGNMENT_TYPE && { assignment_type: env.ASSIGNMENT_TYPE }),
    ...(env.OWNER && { owner: env.OWNER }),
    submission: env.SUBMISSION_TAG ?? '',
    commit: env.COMMIT_URL ?? '',
    release: env.RELEASE_URL ?? '',
    review: env.REVIEW_URL ?? '',
    datetime: new Date().toISOString().replace(/\.\d+/, ''),
    score: sumOf(verdicts, 'points'),
    'max-score': sumOf(verdicts, 'max'),
    tests: verdicts.map((verdict) => ({
      'test-name': verdict.id,
      passed: verdict.outcome === 'passed',
      score: verdict.points,
      'max-score': verdict.max,
      outcome: verdict.outcome,
      output: linesOf(verdict).join('\n'),
    })),
  })
}

/** check50, as `check50 -o json` prints it. */
export function check50({ lab, verdicts }: Results): string {
  return text({
    slug: `osdemo/${lab}`,
    results: verdicts.map((verdict) => {
      const { id, title, outcome, hint, expected, got } = verdict
      const pair = expected !== undefined && got !== undefined
      return {
        name: id,
        description: title,
        passed: outcome === 'passed' ? true : hasFailed(verdict) ? false : null,
        log: linesOf(verdict),
        cause:
          outcome === 'passed'
            ? null
            : {
                rationale: shortOf(verdict),
                help: hint ?? null,
                ...(pair && { expected: printable(expected), actual: printable(got) }),
              },
        data: {},
        dependency: null,
      }
    }),
    version: '3.3.0',
  })
}

/** PrairieLearn, /grade/results/results.json. An attempt that could not be graded is not lost. */
export function prairielearn({ verdicts, isComplete }: Results): string {
  const max = sumOf(verdicts, 'max')
  const undecided = verdicts.filter(({ outcome }) => outcome === 'error')
  const gradable = isComplete && undecided.length === 0
  return text({
    gradable,
    score: max === 0 ? 0 : sumOf(verdicts, 'points') / max,
    ...(!gradable && { format_errors: undecided.map((verdict) => `${verdict.id}: ${shortOf(verdict)}`) }),
    tests: verdicts.map((verdict) => ({
      name: nameOf(verdict),
      points: verdict.points,
      max_points: verdict.max,
      message: verdict.outcome,
      output: linesOf(verdict).join('\n'),
    })),
  })
}

const messageStatus = {
  passed: 'success',
  failed: 'failure',
  'timed-out': 'failure',
  skipped: 'information',
  error: 'warning',
} as const

/** Submitty, validation_results.json. */
export function submitty({ verdicts }: Results): string {
  const max = sumOf(verdicts, 'max')
  const message = verdicts.map((verdict) => ({
    message: [nameOf(verdict), ...linesOf(verdict)].join('\n'),
    status: messageStatus[verdict.outcome],
  }))
  const score = max === 0 ? 0 : sumOf(verdicts, 'points') / max
  return text({ status: 'success', data: { score, message } })
}
