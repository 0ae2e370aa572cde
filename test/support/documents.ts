/** The documents and their parts. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const documents = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

export interface CodeBlock {
  document: string
  language: string
  text: string
}

/** The code blocks of a document. */
export function codeBlocks(document: string): CodeBlock[] {
  const found = readFileSync(document, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)
  return [...found].map(([, language, text]) => ({ document, language: language!, text: text! }))
}

/** The words after `osdemo` wherever a text calls it, in a code block or between backticks. */
export function calls(text: string): string[] {
  const code = [...text.matchAll(/^```\w+\n(.*?)^```$/gms), ...text.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)]
  const pieces = code.flatMap(([, part]) => part!.split(/\n\$? ?|\\?\||&&|[;&]|\s# /))
  return pieces.flatMap((piece) => {
    const call = /^\s*(?:\$ |npx )?(?:node bin\/)?osdemo(?:\.js)? ([a-z-].*)$/.exec(piece)
    return call ? [call[1]!.replaceAll(/[[\]]/g, '').trim()] : []
  })
}
