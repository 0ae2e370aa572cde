/** What the lists of commands contain: src/commands/index.ts and the index.ts of each topic. */
import type { Needs } from '../../demos/doctor/judge.js'
import type { Question } from '../../demos/shared/question.js'
import type { ChapterPicture } from '../../demos/tour.js'
import type { ClaimId } from '../../events.js'
import type { Demo } from '../../run/stage.js'
import type { CommandSpec } from './spec.js'

/** What a command declares. Help, completion, doctor, tour, the documents and the kill test read it. */
export type CommandEntry = Declared & (WithOptions | WithoutOptions)

interface Declared {
  summary: string
  /** What the command needs from the machine, for `osdemo doctor`. Empty where Node is enough. */
  needs: Needs
  /** Its chapter of the tour. The tour plays the chapters in the order of the lists. */
  chapter?: Chapter
  /** One or two questions for `--predict`. With them the command has that option, and `--answers`. */
  questions?: () => Promise<readonly Question[]>
  /**
   * What follows the name of the command when the kill test runs it. Each string is one command line, and a command that starts
   * a run has at least one. The kill test replaces PORT, KEY, NAME and PID.
   */
  killLines: readonly string[]
  /** Another demo that the command plays with an option. */
  variant?: Variant
}

export interface Variant extends Pick<Declared, 'summary' | 'questions'> {
  /** The option and its value: `--kind sysv`. */
  option: string
  chapter: Chapter & { demo(): Promise<Demo> }
}

/** A command as its variant: `queue demo --kind sysv`. */
export function variantOf(command: string, { option }: Variant): string {
  return `${command} ${option}`
}

interface Chapter {
  /** What the lecture calls the topic. Chapters of one topic are a row of the table at the end of the tour. */
  topic: string
  /** Stands in the heading of its page: `Chapter 6 of 20: zombie processes`. */
  title: string
  /** The claims that its page shows, three to six where no picture takes the room. */
  heart: readonly ClaimId[]
  /** What its page draws above them. */
  picture?: ChapterPicture
  /** The demo that the tour plays, where it is shorter than the command's own. */
  demo?: () => Promise<Demo>
}

/** A command with a file of its own, which is loaded when the command is called. */
interface WithOptions {
  load(): Promise<{ spec: CommandSpec }>
  demo?: never
}

/** A demo without arguments and options of its own needs no file. */
interface WithoutOptions {
  demo(): Promise<Demo>
  load?: never
}

export interface Group {
  summary: string
  /** Examples for its help page. The page of a group with a default shows those of that command. */
  examples?: readonly string[]
  /** The subcommand that runs when none is named. */
  default?: string
  members: Record<string, CommandEntry>
}

/** For every command that opens files. */
export const files = { files: 'it may fail with EMFILE' }

/** For every command that starts processes. */
export const also = ['leash'] as const
