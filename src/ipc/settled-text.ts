/** Reads a text that other processes may change at any moment: shared memory does not say when a text is complete. */
import type { Look, SegmentText } from './segment-text.js'

/** A text to print, and what is known about the texts between it and the one before. */
export interface Settled extends Look {
  /** So many texts were replaced before they could be read. */
  missed: number
  /** osdemo has counted them. Otherwise there may have been more. */
  exact: boolean
  /** It changed all the time, so it may contain parts of several texts. */
  torn: boolean
}

/**
 * A text of another program counts when two looks see the same, so far apart in milliseconds. A busy writer that has been preempted
 * in the middle of a text changes nothing either: so a writer that is ready must have run between the two looks.
 */
const apart = 1

/** A text that changes for so many milliseconds is taken as it is. */
const patience = 50

/**
 * Reads the text again and again until it is complete. The text of an osdemo is complete when its count says so.
 *
 * @param runnable the threads of other processes that could be writing, each with its CPU time
 * @param last the text before, if there was one
 */
export async function settle(shared: SegmentText, runnable: () => string[], last?: Look): Promise<Settled> {
  const end = performance.now() + patience
  let look = shared.look()
  let threads = runnable()
  for (let changes = 1; ; ) {
    const own = last ? ownBetween(last, look) : 0
    const missed = last ? Math.max(own, changes) - 1 : 0
    const seen = { missed, exact: !last || own >= changes, torn: false }
    if (own > 0 && look.whole) return { ...look, ...seen }
    if (performance.now() >= end) return { ...look, ...seen, torn: true }
    await shared.sleep(look, apart)
    const [next, nextThreads] = [shared.look(), runnable()]
    const isSame = next.begun === look.begun && next.text.equals(look.text)
    const isPreempted = nextThreads.some((thread) => threads.includes(thread))
    if (isSame && next.whole && !isPreempted) return { ...next, ...seen }
    // A look that was not whole saw no text of its own.
    if (!isSame && look.whole) changes++
    look = next
    threads = nextThreads
  }
}

/** How many texts osdemo has written between two looks, as it counts them. */
function ownBetween(before: Look, after: Look): number {
  return ((after.begun ?? 0) - (before.begun ?? 0)) >>> 0
}
