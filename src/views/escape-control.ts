/** Text of others must not steer what shows it: a terminal, or the parser of a picture. */

/** Control characters, those that turn the direction, and those that XML does not know. */
const harmful = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu

/** The event with whatever is harmful escaped, in every field: a line feed becomes `\n`. */
export function cleaned<T extends object>(object: T): T {
  const fields = Object.entries(object).map(([key, value]) => [cleanedValue(key), cleanedValue(value)])
  return Object.fromEntries(fields)
}

function cleanedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleanedValue)
  if (typeof value === 'object' && value !== null) return cleaned(value)
  return typeof value === 'string' ? value.replace(harmful, escapeSequence) : value
}

function escapeSequence(char: string): string {
  const code = char.codePointAt(0)!
  const known = { 9: '\\t', 10: '\\n', 13: '\\r' }[code]
  return known ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`)
}
