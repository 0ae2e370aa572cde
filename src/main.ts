/** From words to an exit code: finds the command, gives it a view, runs its demo, and maps what it threw. */
import { supportsColor, supportsColorStderr } from 'chalk'
import type { OptionValues } from 'commander'
import { commands } from './commands/index.js'
import { findRoute, groupCommand, otherMembers } from './commands/route.js'
import { buildCommand, type CommandSpec, type CommonOptions, parseWords } from './commands/spec.js'
import { asOsdemoError, Interrupted, type OsdemoError, OutputClosed } from './errors.js'
import { type Event, now } from './events.js'
import { openLog } from './log.js'
import { createOutput, drained, type Output } from './run/output.js'
import { version } from './run/package.js'
import { run } from './run/run.js'
import { createView } from './views/index.js'

/** How long we wait at the end for a stderr that nobody reads, in milliseconds. */
const stderrPatience = 500

/** How long an ending by a signal or a deadline waits for stdout, in milliseconds. */
const hastyPatience = 1000

/** Does what the words say, and ends the process. The only place that calls process.exit. */
export async function main(argv: string[]): Promise<void> {
  // Nobody to tell that stderr is gone; the run itself notices when stdout is.
  process.stderr.on('error', () => {})
  let exit = 0
  let hasty = false
  try {
    exit = await obey(argv)
  } catch (error) {
    const known = asOsdemoError(error, 'osdemo failed')
    exit = known.exit
    hasty = exit > 128 || exit === 124
    tell(known)
  }
  await drained(process.stdout, hasty ? hastyPatience : 2 ** 31 - 1)
  await drained(process.stderr, stderrPatience)
  // Not process.exitCode: a thread parked in the kernel, or a stream that nobody reads, would keep us alive.
  process.exit(exit)
}

async function obey(argv: string[]): Promise<number> {
  const end = argv.indexOf('--')
  const words = end < 0 ? argv : argv.slice(0, end)
  const rest = end < 0 ? [] : argv.slice(end)
  if (words.length === 1 && ['--version', '-V'].includes(words[0]!)) {
    process.stdout.write(`${version}\n`)
    return 0
  }
  let plan: Plan | number
  try {
    plan = await makePlan(words, rest)
  } catch (error) {
    // No run yet that could have said it as an event.
    if (words.includes('--json')) writeErrorEvent(asOsdemoError(error, 'osdemo failed'))
    throw error
  }
  if (typeof plan === 'number') return plan
  const { spec, operands, options, command } = plan
  if (options.logLevel) await openLog(options.logLevel)
  const demo = plan.demo
  await run(demo, {
    command: [...command.split(' '), ...operands],
    output: chooseOutput(spec, options),
    timeout: options.timeout,
    graceful: spec.graceful,
  })
  return 0
}

interface Plan {
  command: string
  spec: CommandSpec
  operands: string[]
  options: CommonOptions
  demo: ReturnType<CommandSpec['demo']>
}

/** What to run; or, when a help page was printed instead, the exit code. */
async function makePlan(words: string[], rest: string[]): Promise<Plan | number> {
  const route = findRoute(words)
  if ('help' in route) {
    const page = groupCommand(route.help).configureOutput({
      writeErr: (text) => void process.stderr.write(text),
    })
    page.outputHelp({ error: !route.asked })
    return route.asked ? 0 : 2
  }
  const entry = commands.get(route.command)!
  const { spec } = await entry.load()
  const parser = buildCommand(route.command, entry.summary, spec)
  parser.addHelpText('after', otherMembers(route.command))
  if (!parseWords(parser, [...route.words, ...rest])) return 0
  const options: OptionValues & CommonOptions = parser.opts()
  const operands = parser.args
  const demo = spec.demo(operands, options, spec.kind === 'tool' && viewName(options) === undefined)
  return { command: route.command, spec, operands, options, demo }
}

function viewName({ json, view }: CommonOptions) {
  return json ? 'ndjson' : view
}

/** The story goes to stdout, but in a tool to stderr, unless a view was asked for by name. */
function chooseOutput(spec: CommandSpec, options: CommonOptions): Output {
  const name = viewName(options)
  const stream = spec.kind === 'tool' && name === undefined ? process.stderr : process.stdout
  if (options.quiet && name === undefined)
    return createOutput({ event: () => '', end: () => '' }, process.stdout)
  const width = Math.max(60, stream.columns ?? 80)
  return createOutput(
    createView(name ?? 'timeline', { color: colorLevel(stream, options.color), width }),
    stream,
  )
}

/** The flags first, then FORCE_COLOR (which chalk has looked at), then NO_COLOR, then whether it is a terminal. */
function colorLevel(stream: NodeJS.WriteStream, flag: boolean | undefined) {
  const detected = stream === process.stdout ? supportsColor : supportsColorStderr
  const level = detected ? detected.level : 0
  if (flag !== undefined) return flag ? (Math.max(1, level) as 1 | 2 | 3) : 0
  if (process.env.FORCE_COLOR !== undefined) return level
  return process.env.NO_COLOR || !stream.isTTY ? 0 : level
}

/** The error for a person, on stderr. Of a Ctrl-C, and of a reader that went away, every Unix tool is silent. */
function tell(error: OsdemoError): void {
  if (error instanceof OutputClosed || error.exit === 141) return
  if (error instanceof Interrupted && error.signal === 'SIGINT') return
  process.stderr.write(`osdemo: ${error.message}\n${error.hint ? `        ${error.hint}\n` : ''}`)
}

function writeErrorEvent(error: OsdemoError): void {
  const stamp = { v: 1, t: now(), pid: process.pid, tid: process.pid, actor: 'director' } as const
  const event: Event = { ...stamp, event: 'error', ...error.fact }
  process.stdout.write(`${JSON.stringify(event)}\n`)
}
