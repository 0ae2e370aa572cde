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

/** The bytes that letters behind a backslash stand for. Another character stands for itself. */
const letters: Record<string, number> = { n: 10, t: 9, r: 13, v: 11, f: 12 }

/** Text as C writes it, decoded as UTF-8. */
export function unescaped(text: string): string {
  return text.includes('\\') ? bytesOf(text).toString() : text
}

/** The bytes that C writes so. */
export function bytesOf(text: string): Buffer {
  // No byte needs less than a character of the text.
  const bytes = Buffer.allocUnsafe(text.length)
  let [from, length] = [0, 0]
  while (from < text.length) {
    const code = text.charCodeAt(from++)
    if (code !== backslash || from === text.length) {
      bytes[length++] = code
      continue
    }
    const value = valueAt(text, from)
    from += value.digits
    bytes[length++] = value.byte
  }
  return bytes.subarray(0, length)
}

/** What stands behind a backslash: `303`, `x41`, `n` or a character that stands for itself. */
function valueAt(text: string, at: number): { byte: number; digits: number } {
  if (text[at] === 'x') {
    const byte = Number.parseInt(text.slice(at + 1, at + 3), 16)
    if (byte >= 0) return { byte, digits: 3 }
  }
  let [byte, digits] = [0, 0]
  for (; digits < 3; digits++) {
    const digit = text.charCodeAt(at + digits) - 48
    if (!(digit >= 0 && digit < 8)) break
    byte = byte * 8 + digit
  }
  if (digits > 0) return { byte, digits }
  return { byte: letters[text[at] ?? ''] ?? text.charCodeAt(at), digits: 1 }
}
