/** Programs of test/peers and examples/lecture: peers of osdemo in other languages. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { quoted } from '../../src/shell-quote.js'
import type { Place, Run } from './osdemo.js'

/** Why a test of this program is skipped, to be added to its title; empty where the program works. */
export function reasonToSkip(command: readonly string[]): string {
  const [program = '', ...words] = command
  // A program may be in PATH and still fail, such as a shim of a version manager in another user's home.
  const works = spawnSync(program, words, { stdio: 'ignore' }).status === 0
  return works ? '' : ` (skipped: \`${command.join(' ')}\` does not work here)`
}

/** A folder for compiled programs, which is removed after the tests of a file. */
export function buildFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'osdemo-peers-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Compiles a program. @throws when the compiler finds an error or reports a warning */
export function compile(command: readonly string[]): void {
  const [program = '', ...words] = command
  execFileSync(program, words, { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** Starts a program. It is killed when the test ends. */
export function startPeer(place: Place, command: readonly string[]): Run {
  // In the locale C, Java and Erlang would not take their arguments for UTF-8.
  return place.sh(`exec ${command.map(quoted).join(' ')}`, { env: { LC_ALL: 'C.UTF-8' } })
}
