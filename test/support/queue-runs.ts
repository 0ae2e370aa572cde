/** Runs of `osdemo queue`: what they print, and whether they are blocked. */
import { waitingThreads } from '../../src/proc/task.js'
import { childrenOf, outcome, type Place, type Run, type RunOptions } from './osdemo.js'
import { until } from './until.js'

/** Runs `osdemo queue` with these words to its end. */
export async function ends(place: Place, words: string[], options?: RunOptions) {
  const run = place.osdemo(['queue', ...words], options)
  return { ...(await outcome(run)), stderr: story(run) }
}

/** What a run printed on stderr, independent of line breaks. */
export function story(run: Run): string {
  return run.stderr().replaceAll(/\s+/g, ' ')
}

/** Waits until an actor of a run is blocked in this system call. @returns its pid */
export function waits(run: Run, call: string): Promise<number> {
  return until(() =>
    childrenOf(run.pid).find((pid) => waitingThreads(pid).some(({ syscall }) => syscall === call)),
  )
}
