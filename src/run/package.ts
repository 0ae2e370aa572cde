/** Where this package lies, and its version: the same from the bundle, from tests and under tsx. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }

export const version: string = manifest.version

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder))
}

function fileOf(...path: string[]): string {
  return join(findRoot(import.meta.dirname), ...path)
}

/** The entry file of an actor: always the built one, so that what is tested is what runs. */
export function actorEntry(program: string): string {
  return fileOf('dist', 'actors', `${program}.cjs`)
}

/** One of the examples. */
export function exampleFile(name: string): string {
  return fileOf('examples', name)
}

/** The code that checks events, which the build makes from their JSON Schema. */
export function eventCheckFile(): string {
  return fileOf('dist', 'event-check.cjs')
}
