/** The name by which the user started osdemo. Hints contain commands to type, and only this name works there. */
import { basename, delimiter, dirname, relative } from 'node:path'
import { quoted } from '../../shell-quote.js'
import { topics } from '../index.js'

/**
 * `osdemo`, `npx osdemo`, `node bin/osdemo.js`, or a path.
 *
 * @param script the second word of the command line, as Node has it: an absolute path, with symbolic links as they were typed
 */
export function startedAs(script = process.argv[1] ?? '', env = process.env, cwd = process.cwd()): string {
  const isLink = basename(script) === 'osdemo'
  // npx sets it for the program that it starts, and for the children of that program.
  if (isLink && env.npm_lifecycle_event === 'npx') return 'npx osdemo'
  const folders = (env.PATH ?? '').split(delimiter)
  if (isLink && folders.includes(dirname(script))) return 'osdemo'
  const near = relative(cwd, script)
  const path = quoted(near.startsWith('..') ? script : near)
  if (script.endsWith('.js')) return `node ${path}`
  return path.includes('/') ? path : `./${path}`
}

/** A command of osdemo in a text: in backticks, behind a colon, or at the beginning of a line. */
const command = new RegExp(
  `(?<=^|\`|: |mean |or |[;(|&] ?)osdemo(?= (?:${[...Object.keys(topics), 'help'].join('|')})\\b)`,
  'gm',
)

/** The text with the commands as this user has to type them. */
export function asStarted(text: string, name = startedAs()): string {
  return name === 'osdemo' ? text : text.replace(command, () => name)
}
