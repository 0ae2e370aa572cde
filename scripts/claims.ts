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
  const files = new Set([`src/commands/${command.replace(' ', '/')}.ts`])
  const ids = new Set<string>()
  // The files that are found on the way are looked at too.
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    for (const [, path] of text.matchAll(relativeImport)) {
      const imported = `${join(dirname(file), path!)}.ts`
      if (imported.startsWith('src/demos/') && existsSync(imported)) files.add(imported)
    }
    if (file.startsWith('src/demos/')) for (const [, id] of text.matchAll(idLiteral)) ids.add(id!)
  }
  return ids
}
