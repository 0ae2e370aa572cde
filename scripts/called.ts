/** How a command is called, for the documents and the man pages. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { defaultOf } from '../src/commands/index.js'

/** A subcommand that may be left out is in brackets: `osdemo shm [threads]`. */
export function called(path: string): string {
  const [name = '', member] = path.split(' ')
  return `osdemo ${member !== undefined && defaultOf(name) === member ? `${name} [${member}]` : path}`
}

/** The options of a command without the common ones. */
export function ownOptions(program: CommandUnknownOpts, command: CommandUnknownOpts) {
  const common = program.options.map(({ long }) => long)
  return command.options.filter(({ long }) => !common.includes(long))
}
