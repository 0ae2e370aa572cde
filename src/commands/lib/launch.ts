/** From the words of the command line to a run: commander finds the command and parses its options, then its demo runs. */
import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { asOsdemoError, UsageError } from '../../errors.js'
import { type Event, now } from '../../events.js'
import { openLog } from '../../log.js'
import { requireText } from '../../run/own-words.js'
import { run } from '../../run/run.js'
import { jsonLine } from '../../views/escape-control.js'
import { isGroup, topics } from '../index.js'
import { viewName, wantsEvents } from './common-options.js'
import { meant } from './meant.js'
import { openOutput, openRecords } from './outputs.js'
import { type Choice, createProgram, fullName, seeHelp } from './program.js'

export { openOwnTerminals } from '../../run/own-terminal.js'
export { escaped } from '../../views/escape-control.js'
export { asStarted } from './started-as.js'

/**
 * Runs the command.
 *
 * @param onTimeout is called when a run with `--timeout` begins, with its milliseconds
 * @returns the exit code, and whether the user has asked it to stop, so that osdemo should not wait for slow readers
 * @throws OsdemoError as `run` does, or as a plain command does, or UsageError
 */
export async function launch(
  argv: string[],
  onTimeout: (milliseconds: number) => void = () => {},
): Promise<{ exit: number; hasty: boolean }> {
  const end = argv.indexOf('--')
  const words = end < 0 ? argv : argv.slice(0, end)
  const literal = end < 0 ? undefined : argv.slice(end + 1)
  let play: Awaited<ReturnType<typeof prepareRun>>
  try {
    requireText(argv)
    const choice = await choose(argv, literal?.length ?? 0)
    if (choice === 'help') return { exit: 0, hasty: false }
    const { common } = choice
    if (common.logLevel) await openLog(common.logLevel)
    if (!('run' in choice)) {
      await choice.act(common)
      return { exit: 0, hasty: false }
    }
    play = await prepareRun(choice, argv, literal)
    if (common.timeout) onTimeout(common.timeout.milliseconds)
  } catch (error) {
    // No run has started, so no run reports the error as an event.
    if (wantsEvents(words)) writeErrorEvent(error)
    if (error instanceof MissingCommand) return { exit: 2, hasty: false }
    throw error
  }
  const { exit, isAsked } = await play()
  return { exit, hasty: isAsked }
}

/** A group was called without a subcommand. Its help has been printed on stderr, and no message follows. */
class MissingCommand extends UsageError {}

/** The command that was called, or `help` when a help page or the version has been printed. @throws UsageError */
async function choose(argv: string[], literals: number): Promise<Choice | 'help'> {
  const chosen: { choice?: Choice } = {}
  const { command, asksHelp } = createProgram((choice) => {
    chosen.choice = choice
  }, literals)
  try {
    await command.parseAsync(helpFirst(argv), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const { code } = error
    // commander has printed the version. It does so as soon as it reads the option, whatever follows.
    if (code === 'commander.version' && argv.includes('--verbose')) {
      process.stdout.write((await import('../../run/about.js')).aboutThisMachine())
    }
    const asked = code === 'commander.help' && asksHelp()
    if (asked || code === 'commander.helpDisplayed' || code === 'commander.version') return 'help'
    throw usageError(error, reached(command), argv)
  }
  // Commander threw no error, so it has called the action of a command.
  return chosen.choice!
}

/** `process help states` is `help process states`. */
function helpFirst(argv: string[]): string[] {
  const [first, second, ...rest] = argv
  const topic = first === undefined ? undefined : topics[first]
  return first !== undefined && second === 'help' && topic && isGroup(topic) ? ['help', first, ...rest] : argv
}

/** The last command that commander has found. */
function reached(command: CommandUnknownOpts): CommandUnknownOpts {
  const next = command.commands.find((each) => each.name() === command.args[0])
  return next ? reached(next) : command
}

/** The error of commander as a UsageError: what is wrong, and in the hint what is right. */
function usageError(
  { code, message }: CommanderError,
  command: CommandUnknownOpts,
  argv: string[],
): UsageError {
  const names = command.commands.map((each) => each.name()).filter((name) => name !== 'help')
  if (code === 'commander.help') {
    return new MissingCommand(`${fullName(command)} needs a command`, `Name one of ${names.join(', ')}.`)
  }
  const see = seeHelp(command)
  const group = fullName(command).split(' ').slice(1).join(' ')
  if (code === 'commander.excessArguments') {
    const extra = command.args[command.registeredArguments.length] ?? ''
    if (names.length === 0) return new UsageError(`unexpected word '${extra}'`, see)
    return new UsageError(`unknown command '${extra}'`, meant(extra, group) ?? see)
  }
  const [, complaint = message, suggestion] =
    /^error: (.*?)(?:\n\((Did you mean .*)\))?$/s.exec(message) ?? []
  for (const form of invalidValues) {
    const { name, value, rule } = form.exec(complaint)?.groups ?? {}
    if (name) return new UsageError(`wrong value '${value}' for ${name}`, rule)
  }
  const [, unknown] = /^unknown command '(.*)'$/s.exec(complaint) ?? []
  const other = unknown === undefined ? undefined : meant(unknown, group, suggestion !== undefined)
  if (other) return new UsageError(complaint, other)
  const [, option] = /^option '(\S+).*' argument missing$/.exec(complaint) ?? []
  if (option) return new UsageError(`${option} needs a value`, see)
  const member = code === 'commander.unknownOption' && argv.find((word) => names.includes(word))
  const place = member && `Options of a command stand after its name: ${fullName(command)} ${member} --help`
  return new UsageError(complaint, [suggestion, place].filter(Boolean).join(' ') || see)
}

/** How commander reports a wrong value of an option, and of an operand. */
const invalidValues = [
  /^option '(?<name>\S+).*?' argument '(?<value>.*)' is invalid\. (?<rule>.*)$/s,
  /^command-argument value '(?<value>.*)' is invalid for argument '(?<name>.*?)'\. (?<rule>.*)$/s,
]

/** Creates everything that a run needs. From then on, the run reports its errors as events. */
async function prepareRun(
  { spec, run: nameDemo, title, common }: Extract<Choice, { run: unknown }>,
  command: string[],
  literal?: string[],
): Promise<() => ReturnType<typeof run>> {
  const payload = (spec.kind === 'tool' || spec.reportsOnStderr === true) && viewName(common) === undefined
  const demo = await nameDemo(common, { payload, events: !payload || common.save !== undefined }, literal)
  const stream = payload ? process.stderr : process.stdout
  // `main` prints errors on stderr.
  const hide = ['error', ...((payload && spec.onStdout) || [])] as const
  const [records, output] = await Promise.all([
    openRecords(common),
    openOutput(stream, common, { kind: spec.kind, hide }),
  ])
  const { timeout } = common
  const { graceful, sweeps, patient } = spec
  const watched = spec.kind !== 'tool' && !patient
  return () => run(demo, { command, title, output, records, timeout, graceful, sweeps, watched })
}

function writeErrorEvent(error: unknown): void {
  const { fact } = asOsdemoError(error, 'osdemo failed')
  if (process.stdout.errored) return
  const stamp = { v: 1, t: now(), pid: process.pid, tid: process.pid, actor: 'osdemo' } as const
  const event: Event = { ...stamp, event: 'error', ...fact }
  process.stdout.write(jsonLine(event))
}
