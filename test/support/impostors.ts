/** Ways to disturb a run from its environment: programs on the PATH that do more than the real ones, and actors that lie. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../../src/events.js'
import { temporaryFolder } from './folders.js'
import { newPlace, type Place, parseEvents } from './osdemo.js'

/** A place whose commands run with these environment variables. */
export function placeWith(env: Record<string, string>): Place {
  const place = newPlace()
  return {
    ...place,
    osdemo: (words, options = {}) => place.osdemo(words, { ...options, env: { ...env, ...options.env } }),
  }
}

/**
 * A PATH on which shell scripts stand before the real programs.
 *
 * @param scripts by the name of the program; `$real` is the path of the real one
 */
export function impostors(scripts: Record<string, string>): { PATH: string } {
  const folder = temporaryFolder()
  for (const [name, script] of Object.entries(scripts)) {
    const real = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    writeFileSync(join(folder, name), `#!/bin/sh\nreal=${real}\n${script}\n`, { mode: 0o755 })
  }
  return { PATH: `${folder}:${process.env.PATH}` }
}

/**
 * Has Node run code before the programs of these actors.
 *
 * @param lies code in CommonJS, by the name of the actor's program
 */
export function liars(lies: Record<string, string>): { NODE_OPTIONS: string } {
  const path = join(temporaryFolder(), 'lie.cjs')
  const parts = Object.entries(lies).map(
    ([program, code]) => `if ((process.argv[1] ?? '').endsWith('/actors/${program}.cjs')) {\n${code}\n}\n`,
  )
  writeFileSync(path, parts.join(''))
  return { NODE_OPTIONS: `--require ${path}` }
}

/** All events of a run that an environment disturbs. */
export async function playedWith(env: Record<string, string>, words: string[]): Promise<Event[]> {
  const run = placeWith(env).osdemo([...words, '--json'])
  await run.exit
  return parseEvents(run.stdout())
}
