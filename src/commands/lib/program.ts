/** Builds the commands for commander. A command gets its options only when it is called, so no code of others is loaded. */
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { UsageError } from '../../errors.js'
import { version } from '../../run/package.js'
import { commands, isGroup, topics } from '../index.js'
import { addCommonOptions, type CommonOptions, formatHelp, heading } from './common-options.js'
import type { CommandEntry } from './entry.js'
import { type CommandSpec, demoWithoutOptions, type NameDemo, type PlainSpec, type RunSpec } from './spec.js'

/** The command that was called, with its options. */
export type Choice = { common: CommonOptions } & (
  | { spec: RunSpec; run: NameDemo; title: string | undefined }
  | { spec: PlainSpec; act: ReturnType<PlainSpec['configure']> }
)

export interface Program {
  command: Command
  /**
   * Adds the options of the command with this path. A group has those of its default, unless another subcommand follows.
   *
   * @param next the word that follows the command
   */
  prepare(path: string, next?: string): Promise<Command>
  /** Whether the user has asked for the help of the program or of a group. */
  asksHelp(): boolean
}

/** The examples of the program's own help page. */
export const examples: readonly string[] = [
  'osdemo tour',
  'osdemo pipe demo',
  'osdemo help pipe write',
  'osdemo help terms',
]

/**
 * @param choose is called with the command that was called
 * @param literals how many words stand after `--`: none of them names a command
 */
export function createProgram(choose: (choice: Choice) => void = () => {}, literals = 0): Program {
  const program = new Command('osdemo')
    .description('Show how processes and inter-process communication work, with evidence from the kernel.')
    .optionsGroup(heading)
    .configureHelp({ formatHelp })
    .version(version, '-V, --version', 'print the version; with --verbose, what a report of a bug needs')
    .addHelpText('after', exampleText(examples))
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      // `main` prints errors.
      outputError: () => {},
      // For a group without a subcommand, commander prints the help as an error, even when the user has asked for it.
      writeErr: (text) => void (asksHelp() ? process.stdout : process.stderr).write(text),
    })

  /** Every command by path. The path of the program is empty. */
  const made = new Map<string, Command>([['', program]])
  /** Makes a command, still without options and subcommands. */
  function make(parent: string, name: string, summary: string): Command {
    // A parent is made before its members.
    const command = made.get(parent)!.command(name).helpCommand(false)
    command.summary(summary).description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
    made.set(pathOf(parent, name), command)
    prepareBelow(pathOf(parent, name), command)
    return command
  }
  /** Prepares each subcommand just before commander parses its options. */
  function prepareBelow(path: string, command: Command): void {
    command.hook('preSubcommand', async (_, subcommand) => {
      const following = command.args.slice(1)
      if (following.length < literals) {
        throw new UsageError(
          `'${subcommand.name()}' stands after --, so it is not read as a command`,
          'Put it before --.',
        )
      }
      const next = following.length > literals ? following[0] : undefined
      inherit(command, await prepare(pathOf(path, subcommand.name()), next))
    })
  }
  prepareBelow('', program)
  for (const [name, { summary }] of Object.entries(topics)) make('', name, summary)
  /** Makes the subcommands of a group when it is first named. To make those of all groups would delay each start. */
  function makeMembers(group: string): void {
    const topic = topics[group]
    // All topics have been made above.
    if (!topic || !isGroup(topic) || made.get(group)!.commands.length > 0) return
    for (const [name, { summary }] of Object.entries(topic.members)) make(group, name, summary)
  }
  make('', 'help', 'show the help of a command, or the glossary: osdemo help terms')
    .argument('[command...]', 'the command; or `terms`, and the term to look up')
    .addHelpText(
      'after',
      exampleText(['osdemo help pipe write', 'osdemo help terms', 'osdemo help terms zombie']),
    )
    .action(async (path, _, help) => {
      const [first, ...words] = path
      if (first !== 'terms') {
        const topic = first === undefined ? undefined : topics[first]
        const extra = words[topic && isGroup(topic) ? 1 : 0]
        if (topic && extra !== undefined) throw new UsageError(`unexpected word '${extra}'`, seeHelp(help))
        return void (await program.parseAsync([...path, '--help'], { from: 'user' }))
      }
      const { termsPage } = await import('./help-terms.js')
      process.stdout.write(termsPage(help.createHelp(), words, process.stdout.columns))
      // This is what commander throws after a help page. `launch` then starts no run.
      throw new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)')
    })

  const prepared = new Set([''])
  async function prepare(path: string, next?: string): Promise<Command> {
    const [first = ''] = path.split(' ')
    makeMembers(first)
    // Every caller passes the path of a command, and the members of its group have been made.
    const command = made.get(path)!
    if (prepared.has(path)) return command
    prepared.add(path)
    const topic = topics[path]
    const group = topic && isGroup(topic) ? topic : undefined
    const isBare = next === undefined || next.startsWith('-')
    const named = group?.default !== undefined && isBare ? `${path} ${group.default}` : path
    const entry = commands.get(named)
    if (entry) addOptions(command, await specOf(named, entry), entry, choose)
    else addCommonOptions(command, 'any')
    if (group && !entry) command.helpOption(false).option('-h, --help', 'show this help')
    if (group?.examples) command.addHelpText('after', exampleText(group.examples))
    if (group?.default) command.description(`${command.description()} Default command: ${group.default}.`)
    return command
  }

  addCommonOptions(program, 'any')
  program.helpOption(false).option('-h, --help', 'show this help')
  const asksHelp = () => [...made.values()].some((command) => command.getOptionValue('help') === true)
  return { command: program, prepare, asksHelp }
}

/** `pipe read` */
export function pathOf(parent: string, name: string): string {
  return parent === '' ? name : `${parent} ${name}`
}

/** The spec from the file of the command. A demo without options has no file. */
export async function specOf(path: string, entry: CommandEntry): Promise<CommandSpec> {
  return entry.load ? (await entry.load()).spec : demoWithoutOptions(path, await entry.demo())
}

function addOptions(
  command: Command,
  spec: CommandSpec,
  entry: CommandEntry,
  choose: (choice: Choice) => void,
) {
  if (spec.kind === 'plain') {
    const act = spec.configure(command)
    const common = addCommonOptions(command, spec.shows ? 'demo' : 'plain')
    command.action(() => choose({ spec, act, common: common() }))
  } else {
    const run = spec.configure(command)
    const hasQuestions = entry.questions !== undefined || spec.kind === 'tour'
    const common = addCommonOptions(command, spec.kind, hasQuestions)
    const play: NameDemo = async (options, ...rest) => {
      const { questions } = played(command, entry)
      return questions && (options.predict || options.answers !== undefined)
        ? (await import('./predicting.js')).predicting(run, questions)(options, ...rest)
        : run(options, ...rest)
    }
    command.action(() =>
      choose({ spec, run: play, title: played(command, entry).chapter?.title, common: common() }),
    )
  }
  command.addHelpText('after', exampleText(spec.examples))
}

/** What the command plays: itself, or its variant where an option says so. */
function played(command: Command, entry: CommandEntry): Pick<CommandEntry, 'questions' | 'chapter'> {
  const [option = '', value] = entry.variant?.option.replace(/^--/, '').split(' ') ?? []
  return entry.variant && command.getOptionValue(option) === value ? entry.variant : entry
}

/** Copies the common options that the user has typed before the command. */
function inherit(parent: Command, command: Command): void {
  if (parent.getOptionValue('help') === true) command.help()
  for (const option of parent.options) {
    const name = option.attributeName()
    // A group may have the options of its default command. Their default values are not for the other commands.
    if (parent.getOptionValueSource(name) !== 'cli') continue
    if (!command.options.some((own) => own.attributeName() === name)) {
      throw new UsageError(`unknown option '${option.long}'`, seeHelp(command))
    }
    command.setOptionValue(name, parent.getOptionValue(name))
  }
}

function exampleText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`
}

/** `osdemo pipe read` */
export function fullName(command: CommandUnknownOpts): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()
}

/** A hint for a usage error. */
export function seeHelp(command: CommandUnknownOpts): string {
  return `See ${fullName(command)} --help`
}
