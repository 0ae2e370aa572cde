/** `osdemo help terms`: the glossary as a page. */
import type { Help } from '@commander-js/extra-typings'
import { UsageError } from '../../errors.js'
import { homepage } from '../../run/package.js'
import { glossary, type Term } from '../../terms.js'

/** Terms by topic, as the glossary has them. */
type Entries = [topic: string, terms: readonly Term[]][]

const indent = '    '

/**
 * @param words the term to look up; empty for all terms
 * @throws UsageError when no term has that name
 */
export function termsPage(help: Help, words: readonly string[], columns = 80): string {
  const parts = lookUp(words.join(' ')).map(([topic, terms]) => {
    const lines = terms.map(({ names, meaning, see }) => {
      const text = help.boxWrap(`${meaning} See ${addressOf(see)}.`, Math.min(columns, 80) - indent.length)
      return `  ${names.join(', ')}\n${text.replaceAll(/^/gm, indent)}\n`
    })
    return `${topic}\n\n${lines.join('')}`
  })
  return parts.join('\n')
}

/** Where to read on. The package does not contain the documents of the repository. */
function addressOf(see: string): string {
  return see.startsWith('docs/') ? `${homepage}/blob/main/${see}` : see
}

function lookUp(name: string): Entries {
  const all = Object.entries(glossary)
  if (name === '') return all
  const wanted = name.toLowerCase()
  const found = all.map(([topic, terms]): Entries[number] => [
    topic,
    terms.filter((term) => has(term, wanted)),
  ])
  const parts = found.filter(([, terms]) => terms.length > 0)
  if (parts.length === 0) {
    throw new UsageError(`the glossary has no term '${name}'`, 'See all terms: osdemo help terms')
  }
  return parts
}

function has({ names }: Term, name: string): boolean {
  return names.some((each) => each.toLowerCase() === name)
}
