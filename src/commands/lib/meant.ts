/** Which command was meant by a word that names none: `osdemo zombie` by its name, `osdemo half` by its first word, `osdemo lay` by its beginning. */
import { commands } from '../index.js'

/** More commands than this are no help. */
const most = 4

/**
 * @param group the words before it: `pipe`, or an empty text
 * @param isTypo whether a word like it is known: then only a command with exactly this name or first word is meant
 * @returns a hint; undefined where no command has this name or beginning
 */
export function meant(word: string, group: string, isTypo = false): string | undefined {
  const paths = [...commands.keys()]
  const nameOf = (path: string) => path.slice(path.lastIndexOf(' ') + 1)
  const beginning = isTypo ? [] : paths.filter((path) => nameOf(path).startsWith(word))
  const candidates = [
    paths.filter((path) => `${nameOf(path)}-`.startsWith(`${word}-`)),
    beginning.filter((path) => path.startsWith(`${group} `)),
    beginning,
  ]
  const found = candidates.find(({ length }) => length > 0) ?? []
  if (word === '' || found.length === 0 || found.length > most) return undefined
  return `Did you mean ${found.map((path) => `osdemo ${path}`).join(' or ')}?`
}
