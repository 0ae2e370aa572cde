/** Shows recorded events like those of a run. It also ends like a run: on a signal, a deadline, or a closed stdout. */
import { constants } from 'node:os'
import { Interrupted, OutputClosed, TimedOut } from '../errors.js'
import type { Event } from '../events.js'
import { endOutputs, type Output } from '../run/output.js'
import { onEndingSignal } from '../run/signals.js'

/**
 * @param output where the events are shown; they are read no faster than it accepts them
 * @param records where they are written too
 * @throws OsdemoError as the source of the events does; Interrupted, TimedOut or OutputClosed; SystemCallError when a
 *   file could not be written. When the source fails, no picture is written; when the user ends it, one is.
 */
export async function replay(
  events: AsyncIterable<Event>,
  output: Output,
  records: Output[],
  timeout?: { milliseconds: number; text: string },
): Promise<void> {
  const outputs = [output, ...records]
  let over = false
  let timer: NodeJS.Timeout | undefined
  const aborted = new Promise<never>((_, abort) => {
    for (const each of outputs) each.onFailure(abort)
    onEndingSignal((signal) => abort(new Interrupted(signal, constants.signals[signal])))
    if (timeout) timer = setTimeout(() => abort(new TimedOut(timeout.text)), timeout.milliseconds)
  })
  const play = async () => {
    for await (const event of events) {
      if (over) return
      for (const each of outputs) each.write(event)
      if (output.full) await new Promise<void>((resume) => output.onceDrained(resume))
    }
  }
  const playing = play()
  // The promise that loses the race may reject later, when no code waits for it.
  for (const each of [playing, aborted]) each.catch(() => {})
  let failure: unknown
  try {
    await Promise.race([playing, aborted])
  } catch (error) {
    failure = error
  }
  over = true
  clearTimeout(timer)
  const ended = [Interrupted, TimedOut, OutputClosed].some((kind) => failure instanceof kind)
  if (failure !== undefined && !ended) throw failure
  const unsaved = endOutputs(output, records)
  failure = unsaved ?? failure
  if (failure !== undefined) throw failure
}
