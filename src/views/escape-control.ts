/** Text that osdemo did not write must not control what displays it: a terminal, or the parser of a picture. */

/**
 * Control characters, separators of lines, characters that change the writing direction or the shape of others, and characters that
 * XML does not allow. Joiners stay: words and emoji need them.
 */
const harmful = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ufffe\uffff]/u
const everyHarmful = new RegExp(harmful, 'gu')

/** The event with whatever is harmful escaped, in every field: a line feed becomes `\n`. */
export function cleaned<T extends object>(object: T): T {
  // Nearly every event is harmless, and copying each would take most of the time of a long recording.
  return isHarmless(object) ? object : rewritten(object)
}

function isHarmless(part: unknown): boolean {
  if (typeof part === 'string') return !harmful.test(part)
  if (typeof part !== 'object' || part === null) return true
  for (const key in part) {
    // The loop goes through the keys of `part`.
    if (harmful.test(key) || !isHarmless(part[key as keyof typeof part])) return false
  }
  return true
}

function rewritten<T extends object>(object: T): T {
  const fields = Object.entries(object).map(([key, value]) => [escaped(key), rewrittenValue(value)])
  return Object.fromEntries(fields)
}

function rewrittenValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewrittenValue)
  if (typeof value === 'object' && value !== null) return rewritten(value)
  return typeof value === 'string' ? escaped(value) : value
}

/** A text that may contain names of files and arguments, so that it can be printed. */
export function escaped(text: string): string {
  return text.replace(everyHarmful, escapeSequence)
}

function escapeSequence(char: string): string {
  const code = char.codePointAt(0) ?? 0
  const known = { 9: '\\t', 10: '\\n', 13: '\\r' }[code]
  return known ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`)
}

/** Control, format and separator characters that JSON allows in a string, and that JSON.stringify leaves as they are. */
const everyInvisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Nearly every line is plain ASCII, and this search is much faster than the other. */
const unusual = /[^ -~]/

/** A value as a line of JSON that cannot control a terminal. It is the same value for every parser. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value)
  return `${unusual.test(text) ? text.replace(everyInvisible, escapeForJson) : text}\n`
}

function escapeForJson(char: string): string {
  return char.split('').map(unicodeEscape).join('')
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
