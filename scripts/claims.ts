/** Which claims each command may make: the ids in the code of its demo and of the demo files that it imports. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { commands } from '../src/commands/index.js'

/** The id of a claim. No other literal in a demo has this form. */
const idLiteral = /'([a-z0-9-]+\/[a-z0-9-]+)'/g

const relativeImport = /(?:from|import\() ?'(\.[^']+)\.js'/g

/** By id, sorted: the paths of the commands that may make this claim. Left out is the tour, which plays the demos of others. */
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
  // The loop also visits the files that it adds.
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    for (const imported of importsOf(text, file)) if (isDemo(imported)) files.add(imported)
    if (isDemo(file)) for (const [, id] of text.matchAll(idLiteral)) ids.add(id!)
  }
  return ids
}

/** Questions name the claims that decide them, and make none. */
function isDemo(file: string): boolean {
  return file.startsWith('src/demos/') && !file.endsWith('/questions.ts')
}

/** The files that the list entry of a command imports: its own file, or demos. */
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
