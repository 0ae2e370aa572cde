/**
 * Text in a Mermaid diagram: escaped so that no word or sign of it can mean anything there, and in short
 * lines.
 */

/** Characters in a line of a note or an arrow. */
const lineLength = 36

/** More lines than this are not shown, so more characters than this need not be looked at. */
const mostLines = 8
const mostLength = lineLength * (mostLines + 1)

/** What means nothing in Mermaid, HTML and Markdown. Letters of other alphabets, too. */
const harmless = /[\p{L}\p{N}\p{M} .,:_/()=+?!'-]/u

/** Any text as text of a diagram, broken into lines. */
export function label(text: string): string {
  const lines = breakLines(text.slice(0, mostLength))
  const shown = lines.length > mostLines ? [...lines.slice(0, mostLines - 1), '…'] : lines
  return shown.map(escapeText).join('<br/>')
}

/**
 * Each other character becomes an entity code, which Mermaid writes as `#59;`. The word `end` would close a
 * block, wherever it stands, and `--` begins an arrow.
 */
export function escapeText(text: string): string {
  const safe = [...text].map((char) => (harmless.test(char) ? char : `#${char.codePointAt(0)};`)).join('')
  return safe.replace(/end/gi, (word) => `#${word.charCodeAt(0)};${word.slice(1)}`).replaceAll('--', '-#45;')
}

/** Breaks at spaces, and words that are too long anywhere. */
function breakLines(text: string): string[] {
  const lines = ['']
  const words = text.split(' ').flatMap((word) => word.match(new RegExp(`.{1,${lineLength}}`, 'gsu')) ?? [])
  for (const word of words) {
    const line = lines.at(-1) ?? ''
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= lineLength || line === '') lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}
