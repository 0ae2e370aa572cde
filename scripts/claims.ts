/** Which claims each command makes: the ids that stand in the code of its demo, and of what that imports. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { commands } from '../src/commands/index.js'

/** Nothing else in a demo is written like this: an id is a literal, so that it can be found. */
const idLiteral = /'([a-z0-9-]+\/[a-z0-9-]+)'/g

const relativeImport = /(?:from|import\() ?'(\.[^']+)\.js'/g

/** By id, sorted: the paths of the commands that may make this claim. The tour, which plays the demos of others, is left out. */
export function claimIds(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const command of commands.keys()) {
    if (command === 'tour') continue
    for (const id of idsOf(command)) found.set(id, [...(found.get(id) ?? []), command])
  }
  return new Map([...found].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function idsOf(command: string): Set<string> {
  const ids = new Set<string>()
  const files = new Set(filesOf(command))
  // The files that are found on the way are looked at too.
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    for (const imported of importsOf(text, file)) if (imported.startsWith('src/demos/')) files.add(imported)
    if (file.startsWith('src/demos/')) for (const [, id] of text.matchAll(idLiteral)) ids.add(id!)
  }
  return ids
}

/** What the entry of a command in its list imports: its own file, or demos. */
function filesOf(command: string): string[] {
  const [name, member] = command.split(' ')
  const list = member === undefined ? 'src/commands/index.ts' : `src/commands/${name}/index.ts`
  const entry = new RegExp(`^( +)'?${member ?? name}'?: \\{\n.*?^\\1\\},$`, 'ms').exec(
    readFileSync(list, 'utf8'),
  )
  return importsOf(entry![0], list)
}

function importsOf(text: string, file: string): string[] {
  const paths = [...text.matchAll(relativeImport)].map(([, path]) => `${join(dirname(file), path!)}.ts`)
  return paths.filter((path) => existsSync(path))
}
