/** The options that every command has. They are defined here and nowhere else. */
import { Command, Option } from '@commander-js/extra-typings'
import { logLevels } from '../../log.js'
import { endings, type ViewName, viewNames } from '../../views/names.js'
import type { CommandSpec } from './spec.js'
import { duration, savedFile } from './values.js'

/** The flags that say whether stdout carries events. */
const json = '--json'
const view = '--view <view>'

export type CommonOptions = ReturnType<ReturnType<typeof addCommonOptions>>

/** For which commands: of one kind, or `any`, as they may stand before the name of the command. */
type Kind = CommandSpec['kind'] | 'any'

/**
 * Adds the common options to a command. One that shows no events has only `--json` and `--log-level`.
 *
 * @returns what was parsed, to be called after parsing
 */
export function addCommonOptions(command: Command, kind: Kind) {
  const takes = (...kinds: Kind[]) => kind === 'any' || kinds.includes(kind)
  const first = command.option(json, 'print events as NDJSON on stdout, and nothing else there')
  const show = takes('tool', 'demo', 'report') ? addShowOptions(command) : undefined
  const brief = takes('demo')
    ? command.option('--brief', 'show a demo without its steps and evidence')
    : undefined
  const verbose = takes('tool') ? command.option('--verbose', 'show the whole story of a tool') : undefined
  const last = command.addOption(new Option('--log-level <level>', 'log on stderr').choices(logLevels))
  return () => ({ ...first.opts(), ...show?.opts(), ...brief?.opts(), ...verbose?.opts(), ...last.opts() })
}

function addShowOptions(command: Command) {
  return command
    .addOption(new Option(view, 'show the run on stdout as this').choices(viewNames))
    .option(
      '--save <file>',
      'write the run to a file as well; its ending chooses the view: ' +
        `${Object.keys(endings).join(', ')}; repeatable`,
      savedFile,
    )
    .option('--quiet', 'show no story')
    .option('--timeout <duration>', 'end with exit code 124 after, for example, 2s', duration)
    .option('--color', 'colour also where the output is no terminal')
    .option('--no-color', 'no colour')
}

/** The view that was asked for by name. */
export function viewName({ json, view }: CommonOptions): ViewName | undefined {
  return json ? 'ndjson' : view
}

/** Whether stdout was to carry events, as far as words show that commander could not parse. */
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
    // A --view without a name: what was read before it counts.
  }
  const asked = reader.opts()
  return asked.json === true || asked.view === 'ndjson'
}
