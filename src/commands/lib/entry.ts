/** What the lists of commands contain: src/commands/index.ts and the index.ts of each topic. */
import type { Needs } from '../../demos/doctor/judge.js'
import type { Demo } from '../../run/stage.js'
import type { CommandSpec } from './spec.js'

/** All that a command declares. Help, completion, doctor, tour, the documents and the kill test read it here. */
export type CommandEntry = Declared & (WithOptions | WithoutOptions)

interface Declared {
  summary: string
  /** What the command needs from the machine; `osdemo doctor` checks it. Empty: Node is enough. */
  needs: Needs
  /** Its chapter of the tour. The tour plays the chapters in the order of the lists. */
  chapter?: Chapter
  /**
   * What stands after the command's name when the kill test starts it: each string is one command line. A command that starts
   * a run declares at least one. The kill test replaces PORT, KEY, NAME and PID.
   */
  killLines: readonly string[]
}

interface Chapter {
  /** The demo that the tour plays, where it is shorter than the command's own. */
  demo?: () => Promise<Demo>
}

/** A command with a file of its own, which is loaded when the words name the command. */
interface WithOptions {
  load(): Promise<{ spec: CommandSpec }>
  demo?: never
}

/** A demo without arguments and options of its own needs no file: it is named here. */
interface WithoutOptions {
  demo(): Promise<Demo>
  load?: never
}

export interface Group {
  summary: string
  /** Lines for its help page. Where the group has a default, its page has the examples of that command. */
  examples?: readonly string[]
  /** The subcommand that runs when none is named. */
  default?: string
  members: Record<string, CommandEntry>
}

/** Of every command that opens files: with too few of them it may fail. */
export const files = { files: 'it may fail with EMFILE' }

/** Of every command that starts processes. */
export const also = ['leash'] as const
