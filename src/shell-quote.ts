/**
 * Quotes a word so that a shell takes it literally, for hints that a person pastes. Invisible characters, such as a
 * newline, need `$'...'`, which bash, zsh, ksh and POSIX since 2024 support (fish does not).
 */
export function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`
  const escaped = word.replace(/[\p{Cc}'\\]/gu, (char) => {
    if (char === "'" || char === '\\') return `\\${char}`
    return { '\n': '\\n', '\t': '\\t' }[char] ?? [...Buffer.from(char)].map(octal).join('')
  })
  return `$'${escaped}'`
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`
}
