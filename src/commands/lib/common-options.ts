/** The common options. They are defined only here. */
import { isatty } from 'node:tty'
import { Command, Help, Option } from '@commander-js/extra-typings'
import { logLevels } from '../../log.js'
import { endings, type ViewName, viewNames } from '../../views/names.js'
import type { CommandSpec } from './spec.js'
import { duration, savedFile } from './values.js'

/** With these, stdout carries events. */
const json = '--json'
const view = '--view <view>'

/** The heading of the common options on a help page. */
export const heading = 'Common options:'

/** Puts the common options at the end of a help page, below the options and the subcommands that belong to this command alone. */
export function formatHelp(command: Command, help: Help): string {
  const parts = Help.prototype.formatHelp.call(help, command, help).trimEnd().split('\n\n')
  const isCommon = (part: string) => part.startsWith(heading)
  return `${[...parts.filter((part) => !isCommon(part)), ...parts.filter(isCommon)].join('\n\n')}\n`
}

export type CommonOptions = ReturnType<ReturnType<typeof addCommonOptions>>

/** The kind of the command. `any` is for options that stand before its name. */
type Kind = CommandSpec['kind'] | 'any'

/**
 * Adds the common options to a command. One that shows no events has only `--json` and `--log-level`.
 *
 * @param hasQuestions whether it can ask for predictions
 * @returns the values, to be called after commander has parsed the command line
 */
export function addCommonOptions(command: Command, kind: Kind, hasQuestions = kind === 'any') {
  // Options that are added from here on have this heading on the help page.
  command.optionsGroup(heading)
  const takes = (...kinds: Kind[]) => kind === 'any' || kinds.includes(kind)
  const first = command.option(json, 'print events on stdout as NDJSON, and nothing else there')
  const show = takes('tool', 'demo', 'report', 'tour') ? addShowOptions(command) : undefined
  const brief = takes('demo')
    ? command.option('--brief', 'show a demo without its steps and evidence')
    : undefined
  const verbose = takes('tool')
    ? command.option('--verbose', 'show on stderr everything that a tool does')
    : undefined
  const full = takes('tour') ? command.option('--full', 'show every line of the tour, not pages') : undefined
  const predict = hasQuestions ? addPredictOptions(command) : undefined
  const last = command.addOption(
    new Option('--log-level <level>', 'log on stderr what osdemo itself does').choices(logLevels),
  )
  return () => ({
    ...first.opts(),
    ...show?.opts(),
    ...brief?.opts(),
    ...verbose?.opts(),
    ...full?.opts(),
    ...predict?.opts(),
    ...last.opts(),
  })
}

function addShowOptions(command: Command) {
  return command
    .addOption(new Option(view, 'show the run on stdout in this view').choices(viewNames))
    .option(
      '--save <file>',
      'also write the run to a file, in the view of its ending: ' +
        `${Object.keys(endings).join(', ')}; may be repeated`,
      savedFile,
    )
    .option('--quiet', 'print only errors, and the payload of a tool')
    .option('--timeout <duration>', 'end the run after this time, such as 2s, with exit code 124', duration)
    .option('--color', 'use colour even when the output is not a terminal')
    .option('--no-color', 'use no colour')
}

function addPredictOptions(command: Command) {
  return command
    .option('--predict', 'answer questions before the run, and compare the answers with it')
    .option('--answers <file>', 'predict, with answers from a file: per line a question id and a letter')
}

/** Whether a person reads the terminal and can answer there. */
export function hasPerson(options: CommonOptions): boolean {
  return viewName(options) === undefined && !options.quiet && isatty(0) && isatty(1)
}

/** The view that the user named, if any. */
export function viewName({ json, view }: CommonOptions): ViewName | undefined {
  return json ? 'ndjson' : view
}

/** Whether stdout should carry events, as far as can be seen from words that commander could not parse. */
export function wantsEvents(words: string[]): boolean {
  const reader = new Command()
    .option(json)
    .option(view)
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
  try {
    reader.parse(words, { from: 'user' })
  } catch {
    // `--view` lacks its value. The options before it have been parsed.
  }
  const asked = reader.opts()
  return asked.json === true || asked.view === 'ndjson'
}
