/**
 * What marks a FIFO at a path of the user's, or a queue, as made by osdemo, to be removed when nobody uses it: its owner may
 * execute it. That means nothing for such a thing, so hardly any other has this mode; ours have it from their first moment on.
 */
import type { Stats } from 'node:fs'

export const mark = 0o100

export function isMarked({ uid, mode }: Stats): boolean {
  return uid === process.getuid?.() && (mode & mark) !== 0
}
