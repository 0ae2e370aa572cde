/** Everything in a checkout that is against plain words. */
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { helpPages, textOfPage, wideLines } from './help-pages.js'
import { check, type Violation } from './rules.js'
import { linesOfOthers, textsInCode, textsInDocuments } from './texts.js'
import { type Words, wordsIn, wordsOf } from './words.js'

const here = dirname(fileURLToPath(import.meta.url))

/** Folders whose comments are read. What they print is read in `src` only: elsewhere it is for developers. */
const folders = ['src', 'test', 'scripts', 'bench']

/** @param root the checkout; its modules are loaded for the help pages and the glossary */
export async function findings(root: string): Promise<Violation[]> {
  const words = await knownWords(root)
  const texts = [...textsInCode(root, folders), ...textsInDocuments(root)].filter(
    ({ kind, file }) => file.startsWith('src/') || kind === 'comment' || kind === 'document',
  )
  const pages = await helpPages(root)
  return [
    ...[
      ...texts,
      ...linesOfOthers(root, ['bin', 'examples', 'bench/peers']),
      ...pages.map(textOfPage),
    ].flatMap((text) => check(text, words)),
    ...pages.flatMap(wideLines),
  ]
}

/** Ordinary words, names, and the terms of the glossary. */
export async function knownWords(root: string): Promise<Words> {
  const lists = ['vocabulary.txt', 'names.txt'].map((name) => wordsIn(join(here, name)))
  const path = pathToFileURL(join(root, 'src/terms.ts')).href
  const { glossary }: typeof import('../../src/terms.js') = await import(path)
  const terms = Object.values(glossary).flatMap((topic) => topic.flatMap(({ names }) => names))
  return wordsOf([...lists, terms.join('\n')])
}
