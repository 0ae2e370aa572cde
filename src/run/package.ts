/** The files of this package, and its version. They are found from the bundle, from tests and under tsx. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }

export const { version, homepage } = manifest

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder))
}

function fileOf(...path: string[]): string {
  return join(ownFolder(), ...path)
}

/** Where this osdemo is installed. */
export function ownFolder(): string {
  return findRoot(import.meta.dirname)
}

/** The built file of an actor. Tests use it too, so that they test what users run. */
export function actorEntry(program: string): string {
  return fileOf('dist', 'actors', `${program}.cjs`)
}

/** The built file of the process that writes the files of `--save`. */
export function saverEntry(): string {
  return fileOf('dist', 'run', 'saver.cjs')
}

/** A file of `examples`. */
export function exampleFile(name: string): string {
  return fileOf('examples', name)
}

/** The page about a mistake. */
export function mistakePage(id: string): string {
  return fileOf('docs', 'mistakes', `${id}.md`)
}

/** The JSON Schema of the events, which the build makes from their types. */
export function schemaFile(): string {
  return fileOf('dist', 'events.schema.json')
}
