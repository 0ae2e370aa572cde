/**
 * The arguments of a system call, as strace writes them: `3<pipe:[85394]>, "Message 1\n", 100`. A string, the name of a descriptor
 * and a structure may all contain commas and brackets, so the text is read from left to right.
 */

const quote = 34
const backslash = 92
const open = 60
const shut = 62
const comma = 44
const slash = 47
const minus = 45
const space = 32

export interface Scanned {
  args: string[]
  /** The position after the bracket that ends the arguments; -1 where the text ends before. */
  end: number
}

/** Splits arguments. @param at the position after the opening bracket */
export function scan(text: string, at: number): Scanned {
  const args: string[] = []
  let depth = 0
  let from = at
  const cut = (to: number) => {
    while (text.charCodeAt(from) === space) from++
    if (from < to || args.length > 0) args.push(text.slice(from, to))
  }
  for (let i = at; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case quote:
        i = afterString(text, i) - 1
        break
      case open:
        i = afterName(text, i) - 1
        break
      case 40: // ( [ {
      case 91:
      case 123:
        depth++
        break
      case 41: // ) ] }
      case 93:
      case 125:
        if (depth-- > 0) break
        cut(i)
        return { args, end: i + 1 }
      case comma:
        if (depth > 0) break
        cut(i)
        from = i + 1
    }
  }
  cut(text.length)
  return { args, end: -1 }
}

/** The position after a string that begins at `at`. */
function afterString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes++
    if (slashes % 2 === 0) return end + 1
  }
  return text.length
}

/**
 * The position after what strace writes behind a descriptor: `</tmp/x>`, `</dev/null<char 1:3>>`,
 * `<UNIX-STREAM:[7->8,"/tmp/s"]>`. In a path, `<`, `>` and `"` are escaped. Elsewhere `<` is an operator.
 */
export function afterName(text: string, at: number): number {
  const first = text.charCodeAt(at + 1)
  if (first === open) return at + 2
  const isPath = first === slash
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === quote && !isPath) i = afterString(text, i) - 1
    else if (code === open) i = afterName(text, i) - 1
    // The arrow between the ends of a socket is no end of the name.
    else if (code === shut && (isPath || text.charCodeAt(i - 1) !== minus)) return i + 1
  }
  return text.length
}

/** The text that a string of strace stands for: `"a\n"` is `a` and a newline. `"abc"...` was cut by strace. */
export function unquoted(word: string): string {
  const end = word.lastIndexOf('"')
  return word.startsWith('"') && end > 0 ? unescaped(word.slice(1, end)) : ''
}

const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' }

/** Bytes as C writes them, decoded as UTF-8. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  let isAscii = true
  const bytes = text.replaceAll(/\\(?:x([\da-f]{2})|([0-7]{1,3})|(.))/gs, (_, hex, octal, letter) => {
    if (letter !== undefined) return escapes[letter] ?? letter
    const code = hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16)
    isAscii &&= code < 128
    return String.fromCharCode(code)
  })
  return isAscii ? bytes : Buffer.from(bytes, 'latin1').toString()
}
