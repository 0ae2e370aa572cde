/** From words to a run: commander finds the command and parses its options; then its demo gets a view, and runs. */
import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { asOsdemoError, UsageError } from '../../errors.js'
import { type Event, now } from '../../events.js'
import { openLog } from '../../log.js'
import { run } from '../../run/run.js'
import { viewName, wantsEvents } from './common-options.js'
import { openOutput, openRecords } from './outputs.js'
import { type Choice, createProgram, fullName } from './program.js'

/**
 * Does what the words say.
 *
 * @returns the exit code, and whether the user asked for the end and does not want to wait
 * @throws OsdemoError as `run` does, or as a plain command does, or UsageError
 */
export async function launch(argv: string[]): Promise<{ exit: number; hasty: boolean }> {
  const end = argv.indexOf('--')
  const words = end < 0 ? argv : argv.slice(0, end)
  const literal = end < 0 ? undefined : argv.slice(end + 1)
  let play: () => Promise<boolean>
  try {
    const choice = await choose(argv, literal?.length ?? 0)
    if (choice === 'help') return { exit: 0, hasty: false }
    const { common } = choice
    if (common.logLevel) await openLog(common.logLevel)
    if (!('run' in choice)) {
      await choice.act(common)
      return { exit: 0, hasty: false }
    }
    play = await prepareRun(choice, argv, literal)
  } catch (error) {
    // No run has begun that could report the error as an event.
    if (wantsEvents(words)) writeErrorEvent(error)
    if (error instanceof MissingCommand) return { exit: 2, hasty: false }
    throw error
  }
  return { exit: 0, hasty: await play() }
}

/** A group without a subcommand. Its help has been printed on stderr, and nothing more is to be said there. */
class MissingCommand extends UsageError {}

/** What the words ask for, or `help` when a help page or the version has been printed. @throws UsageError */
async function choose(argv: string[], literals: number): Promise<Choice | 'help'> {
  const chosen: { choice?: Choice } = {}
  const { command, asksHelp } = createProgram((choice) => {
    chosen.choice = choice
  }, literals)
  try {
    await command.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const { code } = error
    const asked = code === 'commander.help' && asksHelp()
    if (asked || code === 'commander.helpDisplayed' || code === 'commander.version') return 'help'
    throw usageError(error, reached(command), argv)
  }
  // Without an error, commander has called the action of a command.
  return chosen.choice!
}

/** The command that commander has come to. */
function reached(command: CommandUnknownOpts): CommandUnknownOpts {
  const next = command.commands.find((each) => each.name() === command.args[0])
  return next ? reached(next) : command
}

/** Commander's complaint in the form of ours. */
function usageError(
  { code, message }: CommanderError,
  command: CommandUnknownOpts,
  argv: string[],
): UsageError {
  const names = command.commands.map((each) => each.name()).filter((name) => name !== 'help')
  if (code === 'commander.help') {
    return new MissingCommand(`${fullName(command)} needs a command`, `one of ${names.join(', ')}`)
  }
  const [complaint = '', suggestion] = message.replace(/^error: /, '').split('\n')
  const see = `see ${fullName(command)} --help`
  if (code === 'commander.excessArguments' && names.length > 0) {
    return new UsageError(`unknown command '${command.args[0]}'`, see)
  }
  const member = code === 'commander.unknownOption' && argv.find((word) => names.includes(word))
  const otherwise = member
    ? `the options of a command stand after it: ${fullName(command)} ${member} --help`
    : see
  return new UsageError(complaint, suggestion?.replace(/^\((.*)\)$/, '$1') ?? otherwise)
}

/** Makes everything that a run needs; the run itself reports its errors as events. */
async function prepareRun(
  { spec, run: nameDemo, common }: Extract<Choice, { run: unknown }>,
  command: string[],
  literal?: string[],
): Promise<() => Promise<boolean>> {
  const payload = spec.kind === 'tool' && viewName(common) === undefined
  const demo = nameDemo(common, { payload, events: !payload || common.save !== undefined }, literal)
  const stream = payload ? process.stderr : process.stdout
  // Errors go to stderr, for every view.
  const hide = ['error', ...((payload && spec.onStdout) || [])] as const
  const [records, output] = await Promise.all([
    openRecords(common.save),
    openOutput(stream, common, { kind: spec.kind, hide }),
  ])
  const { timeout } = common
  const { graceful, sweeps } = spec
  return () => run(demo, { command, output, records, timeout, graceful, sweeps })
}

function writeErrorEvent(error: unknown): void {
  const { fact } = asOsdemoError(error, 'osdemo failed')
  if (process.stdout.errored) return
  const stamp = { v: 1, t: now(), pid: process.pid, tid: process.pid, actor: 'osdemo' } as const
  const event: Event = { ...stamp, event: 'error', ...fact }
  process.stdout.write(`${JSON.stringify(event)}\n`)
}
