/** Tests in which a claim comes out false, because something else happened than the demo expects. */
import { expect, onTestFinished, test, vi } from 'vitest'
import type { ClaimId, Event } from '../../src/events.js'
import { eventsSoFar, newPlace, parseEvents, type Run } from './osdemo.js'
import { until } from './until.js'

/**
 * A test in which claims come out false, and the run exits with 1. test/falsified.test.ts reads the ids in the calls of this
 * function, so write them as literals.
 *
 * @param cause what is done to the run: the title
 * @param play gives all events of the run
 */
export function falsify(ids: readonly ClaimId[], cause: string, play: () => Promise<Event[]>): void {
  test(`${cause}: ${ids.join(', ')}`, async () => {
    onTestFinished(() => void vi.restoreAllMocks())
    const events = await play()
    const failed = events.flatMap((event) => (event.event === 'claim' && !event.holds ? [event.id] : []))
    expect(failed).toEqual(expect.arrayContaining([...ids]))
    expect(events.at(-1)).toMatchObject({ event: 'error', exit: 1 })
  })
}

/**
 * Runs a command with `--json` and disturbs it.
 *
 * @param disturb what the test does, once an event for which `when` holds has been shown
 */
export async function disturbed(
  words: string[],
  when: (event: Event) => boolean,
  disturb: (event: Event, run: Run) => void | Promise<void>,
  place = newPlace(),
): Promise<Event[]> {
  const run = place.osdemo([...words, '--json'])
  await disturb(await until(() => eventsSoFar(run).find(when)), run)
  await run.exit
  return parseEvents(run.stdout())
}

/** Plays a run again, a few times, until these claims come out false: where the disturbance depends on the scheduler. */
export async function untilFailed(
  ids: readonly ClaimId[],
  play: () => Promise<Event[]>,
  times = 5,
): Promise<Event[]> {
  const events = await play()
  const hasFailed = (id: ClaimId) =>
    events.some((event) => event.event === 'claim' && event.id === id && !event.holds)
  return ids.every(hasFailed) || times <= 1 ? events : untilFailed(ids, play, times - 1)
}
