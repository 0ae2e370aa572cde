/** From words to a run: finds the command, parses its options, gives it a view, and runs its demo. */
import type { OptionValues } from 'commander'
import { asOsdemoError, UsageError } from '../../errors.js'
import { type Event, now } from '../../events.js'
import { openLog } from '../../log.js'
import { run } from '../../run/run.js'
import { commands } from '../index.js'
import { openOutput, openRecords, viewName } from './outputs.js'
import { findRoute, groupCommand, memberNames, otherMembers } from './route.js'
import { buildCommand, type CommandSpec, type CommonOptions, parseWords, type RunSpec } from './spec.js'

/**
 * Does what the words say.
 *
 * @param words argv up to `--`
 * @param operands `--` and what follows it, taken as it is
 * @returns the exit code, and whether the user asked for the end and does not want to wait
 * @throws OsdemoError as `run` does, or as a plain command does, or UsageError
 */
export async function launch(words: string[], operands: string[]): Promise<{ exit: number; hasty: boolean }> {
  let play: () => Promise<boolean>
  try {
    const plan = await makePlan(words, operands)
    if (typeof plan === 'number') return { exit: plan, hasty: false }
    if (plan.options.logLevel) await openLog(plan.options.logLevel)
    if (plan.spec.kind === 'plain') {
      await plan.spec.act(plan.operands, plan.options)
      return { exit: 0, hasty: false }
    }
    play = await prepareRun(plan, plan.spec, words, operands)
  } catch (error) {
    // There is no run that could say it as an event.
    if (wantsEvents(words)) writeErrorEvent(error)
    throw error
  }
  return { exit: 0, hasty: await play() }
}

interface Plan {
  spec: CommandSpec
  options: OptionValues & CommonOptions
  operands: string[]
}

/** What to do; or, when a help page was printed instead, the exit code. */
async function makePlan(words: string[], operands: string[]): Promise<Plan | number> {
  const route = findRoute(words)
  if ('help' in route) return showGroup(route.help, route.asked, words)
  const entry = commands.get(route.command)!
  const { spec } = await entry.load()
  const parser = buildCommand(route.command, entry.summary, spec)
  parser.addHelpText('after', otherMembers(route.command))
  if (!parseWords(parser, [...route.words, ...operands])) return 0
  return { spec, options: parser.opts(), operands: parser.args }
}

/** The help of a group; where it was not asked for, a command is missing: on stderr then, and exit code 2. */
function showGroup(group: string, asked: boolean, words: string[]): number {
  const page = groupCommand(group)
  page.configureOutput({ writeErr: (text) => void process.stderr.write(text) })
  page.outputHelp({ error: !asked })
  if (asked) return 0
  if (wantsEvents(words)) {
    const hint = `one of ${memberNames(group).join(', ')}`
    writeErrorEvent(new UsageError(`${page.name()} needs a command`, hint))
  }
  return 2
}

/** Makes everything that a run needs; the run itself says its errors as events. */
async function prepareRun({ options, operands }: Plan, spec: RunSpec, words: string[], rest: string[]) {
  const payload = spec.kind === 'tool' && viewName(options) === undefined
  const audience = { payload, events: !payload || options.save !== undefined }
  const demo = spec.demo(operands, options, audience, rest[0] === '--' ? rest.slice(1) : undefined)
  const stream = payload ? process.stderr : process.stdout
  // Errors go to stderr, for every view.
  const hide = ['error', ...((payload && spec.onStdout) || [])] as const
  const [records, output] = await Promise.all([openRecords(options.save), openOutput(stream, options, hide)])
  const { timeout } = options
  const command = [...words, ...rest]
  return () => run(demo, { command, output, records, timeout, graceful: spec.graceful })
}

/** Whether stdout was to carry events, as far as words that could not be parsed tell. */
function wantsEvents(words: string[]): boolean {
  const view = words.indexOf('--view')
  return (
    words.includes('--json') || words.includes('--view=ndjson') || (view >= 0 && words[view + 1] === 'ndjson')
  )
}

function writeErrorEvent(error: unknown): void {
  const { fact } = asOsdemoError(error, 'osdemo failed')
  if (process.stdout.errored) return
  const stamp = { v: 1, t: now(), pid: process.pid, tid: process.pid, actor: 'osdemo' } as const
  const event: Event = { ...stamp, event: 'error', ...fact }
  process.stdout.write(`${JSON.stringify(event)}\n`)
}
