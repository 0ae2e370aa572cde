/** From words to a run: finds the command, parses its options, gives it a view, and runs its demo. */
import type { OptionValues } from 'commander'
import { asOsdemoError } from '../errors.js'
import { type Event, now } from '../events.js'
import type { Output } from '../run/output.js'
import type { Demo } from '../run/stage.js'
import { commands } from './index.js'
import { findRoute, groupCommand, otherMembers } from './route.js'
import { buildCommand, type CommandSpec, type CommonOptions, parseWords } from './spec.js'

/**
 * Does what the words say.
 *
 * @param words argv up to `--`
 * @param operands `--` and what follows it, taken as it is
 * @returns the exit code of what needed no run, such as a help page; of a run, 0
 * @throws OsdemoError as `run` does, or UsageError
 */
export async function launch(words: string[], operands: string[]): Promise<number> {
  let plan: Plan | number
  let records: Output[] = []
  try {
    plan = await makePlan(words, operands)
    if (typeof plan === 'number') return plan
    records = await openRecords(plan.options.save ?? [])
  } catch (error) {
    // There is no run yet that could have said it as an event.
    if (wantsEvents(words)) writeErrorEvent(error)
    throw error
  }
  const { spec, options, demo } = plan
  // At once, because each wait for a file costs a turn of the event loop.
  const [output, { run }, { openLog }] = await Promise.all([
    chooseOutput(spec, options),
    import('../run/run.js'),
    import('../log.js'),
  ])
  if (options.logLevel) await openLog(options.logLevel)
  const command = [...words, ...operands]
  await run(demo, { command, output, records, timeout: options.timeout, graceful: spec.graceful })
  return 0
}

interface Plan {
  spec: CommandSpec
  options: CommonOptions
  demo: Demo
}

/** What to run; or, when a help page was printed instead, the exit code. */
async function makePlan(words: string[], operands: string[]): Promise<Plan | number> {
  const route = findRoute(words)
  if ('help' in route) {
    const page = groupCommand(route.help)
    page.configureOutput({ writeErr: (text) => void process.stderr.write(text) })
    page.outputHelp({ error: !route.asked })
    return route.asked ? 0 : 2
  }
  const entry = commands.get(route.command)!
  const { spec } = await entry.load()
  const parser = buildCommand(route.command, entry.summary, spec)
  parser.addHelpText('after', otherMembers(route.command))
  if (!parseWords(parser, [...route.words, ...operands])) return 0
  const options: OptionValues & CommonOptions = parser.opts()
  const payload = spec.kind === 'tool' && viewName(options) === undefined
  const demo = spec.demo(parser.args, options, { payload, events: !payload || options.save !== undefined })
  return { spec, options, demo }
}

/** Whether stdout was to carry events, as far as words that could not be parsed tell. */
function wantsEvents(words: string[]): boolean {
  const view = words.indexOf('--view')
  return (
    words.includes('--json') || words.includes('--view=ndjson') || (view >= 0 && words[view + 1] === 'ndjson')
  )
}

function viewName({ json, view }: CommonOptions) {
  return json ? 'ndjson' : view
}

/** The story goes to stdout, but in a tool to stderr, unless a view was asked for by name. */
async function chooseOutput(spec: CommandSpec, options: CommonOptions): Promise<Output> {
  const [{ createOutput }, { createView }] = await Promise.all([
    import('../run/output.js'),
    import('../views/index.js'),
  ])
  const name = viewName(options)
  const silent = { event: () => '', end: () => '' }
  if (options.quiet && name === undefined) return createOutput(silent, process.stdout)
  const stream = spec.kind === 'tool' && name === undefined ? process.stderr : process.stdout
  const width = Math.max(60, stream.columns ?? 80)
  const hide = stream === process.stderr ? (spec.onStdout ?? []) : []
  const view = await createView(name ?? 'timeline', stream, { color: options.color, width, hide })
  return createOutput(view, stream)
}

async function openRecords(paths: string[]): Promise<Output[]> {
  if (paths.length === 0) return []
  const { createFileOutput } = await import('../run/output.js')
  const { createView, endings } = await import('../views/index.js')
  const views = await Promise.all(
    paths.map((path) => {
      const ending = Object.keys(endings).find((known) => path.endsWith(known))!
      return createView(endings[ending]!, undefined, { color: false, width: 80, hide: [] })
    }),
  )
  return views.map((view, index) => createFileOutput(view, paths[index]!))
}

function writeErrorEvent(error: unknown): void {
  const stamp = { v: 1, t: now(), pid: process.pid, tid: process.pid, actor: 'director' } as const
  const event: Event = { ...stamp, event: 'error', ...asOsdemoError(error, 'osdemo failed').fact }
  process.stdout.write(`${JSON.stringify(event)}\n`)
}
