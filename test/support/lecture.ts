/** docs/lecture.md as data: each statement with the command that shows it, and the claims. */
import { readFileSync } from 'node:fs'

export interface Statement {
  text: string
  /** The words after `osdemo`. */
  command: string[]
  /** Each is a list of ids of which one must hold. */
  claims: string[][]
}

const row = /^\| (.+?) \| `osdemo ([^`]+)` \| (`[^|]+`) \|$/gm

export function statements(): Statement[] {
  const page = readFileSync('docs/lecture.md', 'utf8')
  return [...page.matchAll(row)].map(([, text = '', command = '', claims = '']) => ({
    text,
    command: command.split(' '),
    claims: claims.split(', ').map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, id]) => id!)),
  }))
}
