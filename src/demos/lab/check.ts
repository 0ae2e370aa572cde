/** Checks the program of a student, check by check. A fault of a check never stops the others. */
import { OsdemoError, UsageError } from '../../errors.js'
import type { Outcome, VerdictFact } from '../../events.js'
import { findIsolation } from '../../run/isolation.js'
import type { Demo, Stage } from '../../run/stage.js'
import { findProgram } from '../../run/start-program.js'
import { quoted } from '../../shell-quote.js'
import { counted } from '../../text.js'
import { type CheckFacts, type LabFacts, startChecker } from './checker.js'
import { type ReportFile, saveReports } from './save-reports.js'

export interface CheckOptions {
  lab: string
  command: string[]
  /** The ids of the checks to run; undefined for all. */
  only: string[] | undefined
  /** Multiplies every time. */
  scale: number
  reports: ReportFile[]
  /** Tell the steps of checks that passed too. */
  verbose: boolean
}

export function labCheck(options: CheckOptions): Demo {
  return async (stage) => {
    requireProgram(options.command)
    const verdicts = new Map<string, VerdictFact>()
    let lab: LabFacts | undefined
    let waiting: CheckFacts[] = []
    do {
      await stage
        .within((part) => runChecks(part), { silent: true })
        .catch(async (error: unknown) => {
          stage.signal.throwIfAborted()
          const [current] = waiting
          if (!lab || !current) throw error
          await judge(lab, unanswered(current, error))
        })
    } while (waiting.length > 0)
    if (lab) tellSum(stage, lab, [...verdicts.values()])

    async function runChecks(part: Stage): Promise<void> {
      const { labs, ...checker } = await startChecker(part, options)
      if (!lab) {
        lab = chosen(labs, options)
        waiting = lab.checks.filter(({ id }) => options.only?.includes(id) ?? true)
        await save(lab)
        await tellOpening(stage, lab, waiting, options)
      }
      for (let check = waiting[0]; check; check = waiting[0]) {
        const missing = lab.checks.find(({ id }) => id === check?.needs)
        const before = missing && verdicts.get(missing.id)
        if (missing && before && before.outcome !== 'passed') {
          await judge(lab, skipped(check, missing))
          continue
        }
        await judge(lab, (await checker.check(check.id, check.seconds)) ?? unanswered(check))
        if (!(await checker.isReady())) return
      }
    }

    /** What was not run yet is in the reports too, so that a report is never greener than the program. */
    async function save({ name, checks }: LabFacts): Promise<void> {
      const chosen = checks.filter(({ id }) => options.only?.includes(id) ?? true)
      const results = {
        lab: name,
        command: options.command.map(quoted).join(' '),
        verdicts: chosen.map((check) => verdicts.get(check.id) ?? notRun(check)),
        isComplete: waiting.length === 0,
      }
      await saveReports(options.reports, results)
    }

    async function judge(lab: LabFacts, found: VerdictFact): Promise<void> {
      waiting.shift()
      const { event, id, outcome } = found
      const again = ['osdemo', 'lab', 'check', lab.name, '--only', id, '--', ...options.command]
      const verdict: VerdictFact = {
        ...factOf(found),
        event,
        ...((outcome === 'failed' || outcome === 'timed-out') && { repeat: again.map(quoted).join(' ') }),
      }
      verdicts.set(id, verdict)
      stage.say(verdict)
      await save(lab)
      if (options.verbose && outcome === 'passed')
        for (const step of verdict.done) stage.note(`${step}.`, 'aside')
    }
  }
}

/** Without the stamp that the checker has given to it. */
function factOf(verdict: VerdictFact & { t?: number; pid?: number; tid?: number; actor?: string; v?: 1 }) {
  const { t: _t, pid: _pid, tid: _tid, actor: _actor, v: _v, ...fact } = verdict
  return fact
}

/** @throws OsdemoError with exit code 127 or 126, as a shell would */
function requireProgram([command = '']: string[]): void {
  try {
    findProgram(command)
  } catch (error) {
    if (!(error instanceof OsdemoError)) throw error
    const { message, hint, call, errno } = error
    throw new OsdemoError(message, errno === 'ENOENT' ? 127 : 126, { hint, call, errno })
  }
}

/** @throws UsageError where the lab, a check or a placeholder is missing */
function chosen([lab, ...others]: LabFacts[], { lab: name, only, command }: CheckOptions): LabFacts {
  if (!lab || others.length > 0)
    throw new UsageError(`there is no lab '${name}'`, 'List them: osdemo lab list')
  const unknown = only?.find((id) => !lab.checks.some((check) => check.id === id))
  if (unknown !== undefined) {
    const ids = lab.checks.map(({ id }) => id).join(', ')
    throw new UsageError(`${name} has no check '${unknown}'`, `It has ${ids}.`)
  }
  const place = /\{\w+\}/.exec(lab.command)?.[0]
  if (place !== undefined && !command.some((word) => word.includes(place)))
    throw new UsageError(
      `the command has no ${place}`,
      `Write where the program takes it: osdemo lab check ${name} -- ${lab.command}`,
    )
  return lab
}

async function tellOpening(stage: Stage, lab: LabFacts, checks: CheckFacts[], { command }: CheckOptions) {
  stage.note(`${lab.name}: ${counted(checks.length, 'check')} of ${command.map(quoted).join(' ')}`, 'opening')
  const { namespaces } = await findIsolation()
  if (namespaces.length === 0)
    stage.note('The program has no namespaces of its own: this system does not allow them.', 'aside')
}

function notRun({ id, title, points }: CheckFacts): VerdictFact {
  return { ...blank(id, title, points), outcome: 'error', reason: 'The check was not run.' }
}

function skipped({ id, title, points }: CheckFacts, missing: CheckFacts): VerdictFact {
  const reason = `It needs ${missing.id}, which has not passed.`
  return { ...blank(id, title, points), outcome: 'skipped', reason }
}

/** The process that runs the checks has failed. The program is not to blame. */
function unanswered({ id, title, points }: CheckFacts, error?: unknown): VerdictFact {
  const reason = error instanceof Error ? error.message : 'The process that runs the check did not answer.'
  return { ...blank(id, title, points), outcome: 'error', reason }
}

function blank(id: string, title: string, max: number): Omit<VerdictFact, 'outcome'> {
  return { event: 'verdict', id, title, max, points: 0, milliseconds: 0, done: [], evidence: [] }
}

function tellSum(stage: Stage, lab: LabFacts, verdicts: VerdictFact[]): void {
  const sum = (of: 'points' | 'max') => verdicts.reduce((total, verdict) => total + verdict[of], 0)
  const count = (outcome: Outcome) => verdicts.filter((verdict) => verdict.outcome === outcome).length
  const [passed, failed, late, skips, errors] = (
    ['passed', 'failed', 'timed-out', 'skipped', 'error'] as const
  ).map(count)
  const parts = [
    `${passed} passed`,
    `${failed} failed`,
    late && `${late} timed out`,
    skips && `${skips} skipped`,
    errors && `${errors} not decided, because osdemo failed`,
  ]
  const [points, max] = [sum('points'), sum('max')]
  const data = { lab: lab.name, points, max, passed: passed ?? 0, failed: failed ?? 0, skipped: skips ?? 0 }
  stage.note(`${points} of ${max} points: ${parts.filter(Boolean).join(', ')}.`, 'closing', data)
  if (errors) stage.exitWith(70)
  else if (failed || late) stage.exitWith(1)
}
