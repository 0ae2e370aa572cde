/** Text in a Mermaid diagram: escaped, so that Mermaid reads none of it as syntax, and in short lines. */

/** The most characters in a line of a note or an arrow. */
const lineLength = 36

/** At most this many lines are shown, so text beyond them need not be processed. */
const mostLines = 8
const mostLength = lineLength * (mostLines + 1)

/** Characters without a meaning in Mermaid, HTML and Markdown. Letters of all alphabets are among them. */
const harmless = /[\p{L}\p{N}\p{M} .,:_/()=+?!'-]/u

/** Any text as a label of a diagram, broken into lines. */
export function label(text: string): string {
  const lines = breakLines(text.slice(0, mostLength))
  const shown = lines.length > mostLines ? [...lines.slice(0, mostLines - 1), '…'] : lines
  return shown.map(escapeText).join('<br/>')
}

/**
 * All other characters become entity codes, in Mermaid's form `#59;`. The word `end` would close a block anywhere in
 * a label, and `--` would begin an arrow.
 */
export function escapeText(text: string): string {
  const safe = [...text].map((char) => (harmless.test(char) ? char : `#${char.codePointAt(0)};`)).join('')
  return safe.replace(/end/gi, (word) => `#${word.charCodeAt(0)};${word.slice(1)}`).replaceAll('--', '-#45;')
}

/** Breaks at spaces; a word that is too long is broken anywhere. */
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
