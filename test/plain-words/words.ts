/** The words that osdemo prints: ordinary ones, the terms of the glossary, and names. */
import { readFileSync } from 'node:fs'

export interface Words {
  has(word: string): boolean
}

/** Endings that make another form of the same word, and what they may have replaced. */
const endings: readonly [ending: RegExp, bases: readonly string[]][] = [
  [/'s$/, ['']],
  [/n't$/, ['']],
  [/ies$/, ['y', 'ie']],
  [/ied$/, ['y', 'ie']],
  [/ier$/, ['y']],
  [/iest$/, ['y']],
  [/ily$/, ['y']],
  [/es$/, ['', 'e']],
  [/s$/, ['']],
  [/ed$/, ['', 'e']],
  [/ing$/, ['', 'e']],
  [/er$/, ['', 'e']],
  [/est$/, ['', 'e']],
  [/ly$/, ['', 'le']],
]

/** @param lists texts with a word a line; what follows `#` is no word */
export function wordsOf(lists: readonly string[]): Words {
  const lines = lists.flatMap((list) => list.split('\n').map((line) => line.replace(/#.*/, '')))
  const known = new Set(
    lines.flatMap((line) => line.toLowerCase().split(/[\s-]+/)).filter((word) => word !== ''),
  )
  return { has: (word) => formsOf(word.toLowerCase()).some((form) => known.has(form)) }
}

/** The words of a file, one a line. */
export function wordsIn(path: string): string {
  return readFileSync(path, 'utf8')
}

/** A word, and what it may be a form of: `stopped`, `stopp`, `stoppe`, `stop`. */
function formsOf(word: string): string[] {
  const bases = endings.flatMap(([ending, replacements]) => {
    if (!ending.test(word)) return []
    return replacements.map((replacement) => word.replace(ending, replacement))
  })
  // A consonant is doubled before -ed, -ing and -er.
  const single = bases.map((base) => base.replace(/([bdglmnprt])\1$/, '$1'))
  return [word, ...bases, ...single]
}
