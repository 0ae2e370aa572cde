/** What a command file exports: options, examples, and which demo it plays. The compiler checks the options where they are used. */
import type { Command } from '@commander-js/extra-typings'
import type { Event } from '../../events.js'
import type { Demo } from '../../run/stage.js'
import type { CommonOptions } from './common-options.js'

export type CommandSpec = RunSpec | PlainSpec

/** A command that starts a run. */
export interface RunSpec extends Examples, RunTraits {
  /**
   * A tool puts payload on stdout, and a few lines on stderr. A demo tells its story on stdout, a report is a document there,
   * and the tour shows pages.
   */
  kind: 'tool' | 'demo' | 'report' | 'tour'
  /** Adds the arguments and options. @returns what names the demo, once commander has parsed the words */
  configure(command: Command): NameDemo
}

/** Names the demo that the words ask for. It may have to read a file first. */
export type NameDemo = (common: CommonOptions, audience: Audience, literal?: string[]) => Demo | Promise<Demo>

/** A command that starts no run: it prints something, or shows what was recorded. */
export interface PlainSpec extends Examples {
  kind: 'plain'
  /** It shows events, and has the options that say how. */
  shows: boolean
  /** Adds the arguments and options. @returns what does the work, once commander has parsed the words */
  configure(command: Command): (common: CommonOptions) => Promise<void>
}

interface Examples {
  /** Lines to paste, at least two. */
  examples: readonly string[]
}

interface RunTraits {
  /** In a tool, the messages that its stdout shows: the story does not repeat them. */
  onStdout?: readonly Event['event'][]
  /** The first SIGINT or SIGTERM is a request to stop, and no failure. */
  graceful?: boolean
  /** The demo removes what killed runs left behind, and reports it. For other commands the run does so silently. */
  sweeps?: boolean
}

/** Who looks at the run. */
export interface Audience {
  /** stdout carries payload, not events: a tool without `--json` or `--view`. */
  payload: boolean
  /** Every message is wanted as an event: by the view on stdout, or by a file. */
  events: boolean
}

/** What a command file writes down for a command that starts a run. */
interface RunCommand<Operands extends unknown[], Options extends Named> extends Examples, RunTraits {
  options(command: Command): Command<Operands, Options>
  /**
   * Names the demo that the words ask for.
   *
   * @param literal the words after `--`, where it was given; they are among the operands too
   * @throws UsageError when the words do not go together
   */
  demo(
    operands: Operands,
    options: Options & CommonOptions,
    audience: Audience,
    literal?: string[],
  ): Demo | Promise<Demo>
}

/** Options by name, as commander's types have them. */
type Named = Record<string, unknown>

/** A command whose stdout carries payload. */
export function toolCommand<Operands extends unknown[], Options extends Named>(
  command: RunCommand<Operands, Options>,
): RunSpec {
  return runSpec('tool', command)
}

/** A command whose stdout carries the story. */
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

/** What a command file writes down for a command that starts no run. */
interface PlainCommand<Operands extends unknown[], Options extends Named> extends Examples {
  shows: boolean
  options(command: Command): Command<Operands, Options>
  /**
   * @param command commander's own, for its help page
   * @throws OsdemoError; with `--json` it becomes an event as well
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

/** The command of a demo that has no options of its own, and so no file. */
export function demoWithoutOptions(path: string, demo: Demo): RunSpec {
  const examples = [
    `osdemo ${path}`,
    `osdemo ${path} --brief            # without steps and evidence`,
    `osdemo ${path} --save run.html    # a page with a picture of the run`,
  ]
  return { kind: 'demo', examples, configure: () => () => demo }
}
