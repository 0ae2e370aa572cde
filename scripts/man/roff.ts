/** Source of a man page, in the macros of man(7). */

/** What a formatter would read as a command, or print as another character. */
const special: Partial<Record<string, string>> = {
  '\\': '\\e',
  // A minus. A hyphen may be printed as a character that no shell reads as one.
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

/** A text that is printed as it stands. */
export function literal(text: string): string {
  return text.replaceAll(
    /[^\x20-\x7e]|[\\'`^~-]/gu,
    (char) =>
      special[char] ?? `\\[u${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
  )
}

export const bold = (text: string) => `\\fB${literal(text)}\\fR`
export const italic = (text: string) => `\\fI${literal(text)}\\fR`

/** A line that does not begin a request, even when its text begins with a dot. */
export function safe(line: string): string {
  return line.startsWith('.') ? `\\&${line}` : line
}

/** Source lines of at most 79 characters, where a text has blanks. */
export function filled(source: string): string {
  const lines: string[] = []
  for (const word of source.split(' ').filter((each) => each !== '')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 78) lines.push(`${lines.pop()} ${word}`)
    else lines.push(safe(word))
  }
  return lines.join('\n')
}

export const section = (title: string, ...parts: string[]) => headed('.SH', title, parts)
export const subsection = (title: string, ...parts: string[]) => headed('.SS', title, parts)

/** A heading begins a paragraph itself. */
function headed(macro: string, title: string, parts: string[]): string {
  const argument = title.includes(' ') ? `"${literal(title)}"` : literal(title)
  return `${macro} ${argument}\n${parts.join('\n').replace(/^\.PP\n/, '')}`
}

export const paragraph = (source: string) => `.PP\n${filled(source)}`

/** A term and what it means, as in a list of options. Each source begins a line. */
export function entry(term: string, ...sources: string[]): string {
  return ['.TP', safe(term), sources.map(filled).join('\n.br\n')].join('\n')
}

/** How long a line of code may be on a terminal of 80 columns. */
export const codeWidth = 80 - 11

/** Lines that keep their form, such as commands to paste. */
export function code(lines: readonly string[]): string {
  return ['.PP', '.RS 4', '.EX', ...lines.map((line) => safe(literal(line))), '.EE', '.RE'].join('\n')
}
