/** What a command file exports, and the options that every command has. */
import { Command, CommanderError, Option, type OptionValues } from 'commander'
import { UsageError } from '../../errors.js'
import type { Event } from '../../events.js'
import { logLevels } from '../../log.js'
import type { Demo } from '../../run/stage.js'
import { endings, type ViewName, viewNames } from '../../views/names.js'
import { type Duration, duration, savedFile } from './values.js'

export type CommandSpec = RunSpec | PlainSpec

interface Described {
  /** Lines to paste, at least two. */
  examples: string[]
  /** Adds arguments and options of its own. */
  configure?(command: Command): void
}

/** A command that starts a run. */
export interface RunSpec extends Described {
  /** A tool puts payload on stdout and its story on stderr; a demo puts its story on stdout. */
  kind: 'tool' | 'demo'
  /**
   * Names the demo that these words ask for.
   *
   * @param operands all that are no options, with those after `--`
   * @param command what stood after `--`, where there was one
   * @throws UsageError when the words do not go together
   */
  demo(operands: string[], options: OptionValues, audience: Audience, command?: string[]): Demo
  /** In a tool, the messages that its stdout shows: the story does not repeat them. */
  onStdout?: Event['event'][]
  /** The first SIGINT or SIGTERM is a request to stop, and no failure. */
  graceful?: boolean
}

/** A command that starts no run: it prints something, or shows what was recorded. */
export interface PlainSpec extends Described {
  kind: 'plain'
  /** It shows events, and has the options that say how. */
  shows?: boolean
  /** @throws OsdemoError; with `--json` it becomes an event as well */
  act(operands: string[], options: OptionValues & CommonOptions): Promise<void>
}

/** Who looks at the run. */
export interface Audience {
  /** stdout carries payload, not events: a tool without `--json` or `--view`. */
  payload: boolean
  /** Somebody wants every message as an event: the view on stdout, or a file. */
  events: boolean
}

/** The options of `addCommonOptions`, parsed. A plain command that shows nothing has only the first and the last. */
export interface CommonOptions {
  json?: boolean
  view?: ViewName
  save?: string[]
  quiet?: boolean
  timeout?: Duration
  color?: boolean
  logLevel?: (typeof logLevels)[number]
}

/** Those common options that take a word of their own, for whoever looks for the command among the words. */
export const valueOptions: readonly string[] = ['--view', '--save', '--timeout', '--log-level']

function addCommonOptions(command: Command, spec: CommandSpec): void {
  command.option('--json', 'events as NDJSON on stdout, and nothing else there')
  if (spec.kind !== 'plain' || spec.shows) addShowOptions(command)
  command.addOption(new Option('--log-level <level>', 'log on stderr').choices(logLevels))
}

function addShowOptions(command: Command): void {
  command
    .addOption(new Option('--view <view>', 'show the run on stdout as this').choices(viewNames))
    .option(
      '--save <file>',
      'write the run to a file as well; its ending chooses the view: ' +
        `${Object.keys(endings).join(', ')}; repeatable`,
      savedFile,
    )
    .option('--quiet', 'no story')
    .option('--timeout <duration>', 'end with exit code 124 after, for example, 2s', duration)
    .option('--color', 'colour also where the output is no terminal')
    .option('--no-color', 'no colour')
}

/** Builds the commander command for a spec. Its name is the whole path: `osdemo pipe read`. */
export function buildCommand(words: string, summary: string, spec: CommandSpec): Command {
  const command = quietCommand(`osdemo ${words}`).description(summary)
  spec.configure?.(command)
  addCommonOptions(command, spec)
  return command.addHelpText('after', exampleText(spec.examples))
}

export function exampleText(examples: string[]): string {
  return `\nExamples:\n${examples.map((line) => `  ${line}\n`).join('')}`.trimEnd()
}

/** A command that throws instead of exiting, and whose errors `main` prints. */
export function quietCommand(name: string): Command {
  return new Command(name)
    .helpOption('-h, --help', 'show this help')
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
}

/** Parses words; commander's complaints become UsageErrors. False when it has shown the help instead. */
export function parseWords(command: Command, words: string[]): boolean {
  try {
    command.parse(words, { from: 'user' })
    return true
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.code === 'commander.helpDisplayed') return false
    const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
    throw new UsageError(message, suggestion?.replace(/^\((.*)\)$/, '$1') ?? `see ${command.name()} --help`)
  }
}
