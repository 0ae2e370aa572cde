/** Pairs of list elements, and the keys of a record, with exact types. */

/** Pairs of the elements that have the same index in both lists. Leaves out the rest of the longer list. */
export function zip<A, B>(one: readonly A[], other: readonly B[]): [A, B][] {
  const length = Math.min(one.length, other.length)
  // Each index is below the length of both lists.
  return Array.from({ length }, (_, index) => [one[index]!, other[index]!])
}

/** The keys of a record. Pass only a record that has no keys besides those in its type. */
export function keysOf<T extends object>(record: T): (keyof T)[] {
  // Object.keys returns string[], because a record may have more keys than its type. The caller's record has not.
  return Object.keys(record) as (keyof T)[]
}
