/** Groups items that are too close together to be drawn one by one. */

/** Items that are drawn as one; never empty. */
export type Group<T> = readonly [T, ...T[]]

/**
 * Puts neighbours into one group while they are near each other. A group that has grown may come near the one
 * before it, and then joins that.
 *
 * @param items in the order of their places
 * @param isNear whether a group and the one behind it, at first a single item, must become one
 */
export function cluster<T>(
  items: readonly T[],
  isNear: (group: Group<T>, next: Group<T>) => boolean,
): Group<T>[] {
  const groups: [T, ...T[]][] = []
  for (const item of items) {
    let last: [T, ...T[]] = [item]
    for (let before = groups.at(-1); before && isNear(before, last); before = groups.at(-1)) {
      for (const each of last) before.push(each)
      last = before
      groups.pop()
    }
    groups.push(last)
  }
  return groups
}

/** The items of each kind, in their order. */
export function byKind<T>(items: readonly T[], kindOf: (item: T) => string): Map<string, T[]> {
  const kinds = new Map<string, T[]>()
  for (const item of items) {
    const kind = kindOf(item)
    const list = kinds.get(kind)
    if (list) list.push(item)
    else kinds.set(kind, [item])
  }
  return kinds
}
