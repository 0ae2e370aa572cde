/** Counting the ends of lines, many at a time. */

const newline = 10

/** In each byte of a word: a newline; all bits but the highest. */
const newlines = 0x0a0a0a0a
const low = 0x7f7f7f7f

/** So many words may be counted before the count of a byte, which has 8 bits, could run over. */
const wordsPerSum = 255

/**
 * How many newlines lie in `bytes`, whatever the machine's order of bytes.
 *
 * Four at a time: a byte of `word ^ newlines` is 0 where there is a newline, and only for such a byte does neither it nor
 * its sum with 127 have the highest bit. For lines of 16 bytes that takes a fifth of the time of an `indexOf` for each.
 */
export function countNewlines(bytes: Uint8Array): number {
  const first = Math.min(bytes.length, -bytes.byteOffset & 3)
  const words = (bytes.length - first) >> 2
  // No view of no words: at the end of few bytes the address need not be one of a word.
  if (words === 0) return countSlowly(bytes, 0, bytes.length)
  const last = first + 4 * words
  let count = countSlowly(bytes, 0, first) + countSlowly(bytes, last, bytes.length)
  const view = new Int32Array(bytes.buffer, bytes.byteOffset + first, words)
  for (let at = 0; at < words; ) {
    const stop = Math.min(words, at + wordsPerSum)
    let sums = 0
    for (; at < stop; at++) {
      const zero = view[at]! ^ newlines
      sums = (sums + (~(((zero & low) + low) | zero | low) >>> 7)) | 0
    }
    count += (sums & 0xff) + ((sums >>> 8) & 0xff) + ((sums >>> 16) & 0xff) + (sums >>> 24)
  }
  return count
}

function countSlowly(bytes: Uint8Array, from: number, to: number): number {
  let count = 0
  for (let at = from; at < to; at++) if (bytes[at] === newline) count++
  return count
}
