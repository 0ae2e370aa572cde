/**
 * How osdemo recognises a FIFO at a path of the user's, a queue, or a semaphore as its own, to be removed when no process uses it:
 * the owner has execute permission. It has no effect on such an object, so hardly any other program sets it. Ours have it from
 * the moment they are made, so a run that is killed leaves none without it.
 */
import type { Stats } from 'node:fs'

export const mark = 0o100

export function isMarked({ uid, mode }: Stats): boolean {
  return uid === process.getuid?.() && (mode & mark) !== 0
}
