/** Where this package lies, and its version: the same from the bundle, from tests and under tsx. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import manifest from '../../package.json' with { type: 'json' }

export const version: string = manifest.version

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder))
}

/** The entry file of an actor: always the built one, so that what is tested is what runs. */
export function actorEntry(program: string): string {
  return join(findRoot(dirname(fileURLToPath(import.meta.url))), 'dist', 'actors', `${program}.js`)
}

/** The published JSON Schema of the events, which the build makes. */
export function schemaFile(): string {
  return join(dirname(actorEntry('')), '..', 'events.schema.json')
}
