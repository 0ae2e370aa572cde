/** What a command file exports: options, examples, and the demo that runs. The compiler checks the types of the options. */
import type { Command } from '@commander-js/extra-typings'
import type { Event } from '../../events.js'
import type { Demo } from '../../run/stage.js'
import type { CommonOptions } from './common-options.js'

export type CommandSpec = RunSpec | PlainSpec

/** A command that starts a run. */
export interface RunSpec extends Examples, RunTraits {
  /**
   * A tool prints payload on stdout and a few lines on stderr. On stdout, a demo prints a timeline, a report is a document, and
   * the tour prints pages.
   */
  kind: 'tool' | 'demo' | 'report' | 'tour'
  /** Adds the arguments and options. @returns chooses the demo, after commander has parsed the command line */
  configure(command: Command): NameDemo
}

/** Chooses the demo. It may have to read a file first. */
export type NameDemo = (common: CommonOptions, audience: Audience, literal?: string[]) => Demo | Promise<Demo>

/** A command that starts no run: it prints a text, or shows a recording. */
export interface PlainSpec extends Examples {
  kind: 'plain'
  /** Whether it shows events, and has the options for that. */
  shows: boolean
  /** Adds the arguments and options. @returns does the work, after commander has parsed the command line */
  configure(command: Command): (common: CommonOptions) => Promise<void>
}

interface Examples {
  /** Lines that can be pasted, at least two. */
  examples: readonly string[]
}

interface RunTraits {
  /** The events that a tool prints on stdout as payload. They are not repeated on stderr. */
  onStdout?: readonly Event['event'][]
  /** The first SIGINT or SIGTERM is a request to stop, and no failure. */
  graceful?: boolean
  /** The demo removes what killed runs left behind, and reports it. For other commands the run does so silently. */
  sweeps?: boolean
  /** A report about a program of the user, to which stdout belongs. */
  reportsOnStderr?: boolean
  /** A report that may wait for a program of the user. Tools always may: they wait for the other terminal. */
  patient?: boolean
}

/** Where the events of the run go. */
export interface Audience {
  /** Whether stdout carries payload and no events, as in a tool without `--json` and `--view`. */
  payload: boolean
  /** Whether every message is needed as an event, for the view on stdout or for a file. */
  events: boolean
}

/** What a command file declares for a command that starts a run. */
interface RunCommand<Operands extends unknown[], Options extends Named> extends Examples, RunTraits {
  options(command: Command): Command<Operands, Options>
  /**
   * Chooses the demo.
   *
   * @param literal the words after `--`, if there is one; the operands contain them too
   * @throws UsageError when operands and options exclude each other
   */
  demo(
    operands: Operands,
    options: Options & CommonOptions,
    audience: Audience,
    literal?: string[],
  ): Demo | Promise<Demo>
}

/** Options by name, as in the types of commander. */
type Named = Record<string, unknown>

/** A command whose stdout carries payload. */
export function toolCommand<Operands extends unknown[], Options extends Named>(
  command: RunCommand<Operands, Options>,
): RunSpec {
  return runSpec('tool', command)
}

/** A command whose stdout carries a timeline. */
export function demoCommand<Operands extends unknown[], Options extends Named>(
  command: RunCommand<Operands, Options>,
): RunSpec {
  return runSpec('demo', command)
}

/** A command whose stdout carries a document. */
export function reportCommand<Operands extends unknown[], Options extends Named>(
  command: RunCommand<Operands, Options>,
): RunSpec {
  return runSpec('report', command)
}

/** The command whose stdout carries pages. */
export function tourCommand<Operands extends unknown[], Options extends Named>(
  command: RunCommand<Operands, Options>,
): RunSpec {
  return runSpec('tour', command)
}

function runSpec<Operands extends unknown[], Options extends Named>(
  kind: RunSpec['kind'],
  { options, demo, ...rest }: RunCommand<Operands, Options>,
): RunSpec {
  return {
    ...rest,
    kind,
    configure(command) {
      const parsed = options(command)
      return (common, audience, literal) =>
        demo(parsed.processedArgs, { ...common, ...parsed.opts() }, audience, literal)
    },
  }
}

/** What a command file declares for a command that starts no run. */
interface PlainCommand<Operands extends unknown[], Options extends Named> extends Examples {
  shows: boolean
  options(command: Command): Command<Operands, Options>
  /**
   * @param command the Command of commander, for its help page
   * @throws OsdemoError; with `--json` it is printed as an event as well
   */
  act(
    operands: Operands,
    options: Options & CommonOptions,
    command: Command<Operands, Options>,
  ): Promise<void>
}

/** A command that starts no run. */
export function plainCommand<Operands extends unknown[], Options extends Named>({
  options,
  act,
  ...rest
}: PlainCommand<Operands, Options>): PlainSpec {
  return {
    ...rest,
    kind: 'plain',
    configure(command) {
      const parsed = options(command)
      return (common) => act(parsed.processedArgs, { ...common, ...parsed.opts() }, parsed)
    },
  }
}

/** The command of a demo that has neither options of its own nor a file. */
export function demoWithoutOptions(path: string, demo: Demo): RunSpec {
  const examples = [
    `osdemo ${path}`,
    `osdemo ${path} --brief            # without steps and evidence`,
    `osdemo ${path} --save run.html    # a page with its picture`,
  ]
  return { kind: 'demo', examples, configure: () => () => demo }
}
