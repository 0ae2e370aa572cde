/** What was probably meant by a word that is not in a list. */

/** The word of the list that is most like this one, if any is like it. */
export function closest(word: string, list: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3))
  const ranked = list
    .map((each) => ({ each, distance: editDistance(word, each) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.each
}

/** How many letters must be inserted, deleted or replaced to turn one word into the other (Levenshtein). */
function editDistance(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (const [index, letter] of [...one].entries()) {
    const row = [index + 1]
    for (let at = 1; at <= other.length; at++) {
      // `row` and `above` have an element for every index up to `at`.
      const [left, up, diagonal] = [row[at - 1]!, above[at]!, above[at - 1]!]
      row.push(Math.min(left + 1, up + 1, diagonal + (letter === other[at - 1] ? 0 : 1)))
    }
    above = row
  }
  // It has `other.length + 1` elements.
  return above[other.length]!
}
