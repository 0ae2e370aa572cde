/** Shows recorded events like those of a run. It also ends like a run: on a signal, a deadline, or a closed stdout. */
import { constants } from 'node:os'
import { Interrupted, OutputClosed, TimedOut } from '../errors.js'
import type { Event, Fact } from '../events.js'
import { endOutputs, waitsForFile } from '../run/end-outputs.js'
import { type Output, paceOf } from '../run/output.js'
import type { FileOutput } from '../run/save.js'
import { onEndingSignal } from '../run/signals.js'
import { asSupervisor } from '../run/stage.js'

/**
 * @param output where the events are shown; they are read no faster than it accepts them
 * @param records where they are written too
 * @throws OsdemoError as the source of the events does; Interrupted, TimedOut or OutputClosed; SystemCallError when a
 *   file could not be written. When the source fails, no picture is written; when the user ends it, one is.
 */
export async function replay(
  events: AsyncIterable<Event>,
  output: Output,
  records: FileOutput[],
  timeout?: { milliseconds: number; text: string },
): Promise<void> {
  const outputs = [output, ...records]
  const pace = paceOf(outputs)
  let over = false
  let timer: NodeJS.Timeout | undefined
  /** What ends a replay that waits for its files. */
  const giveUp = new AbortController()
  const show = (fact: Fact) => output.write(asSupervisor(fact))
  for (const record of records) record.onSlow(() => show(waitsForFile(record)))
  const aborted = new Promise<never>((_, abort) => {
    const end = (reason: Interrupted | TimedOut) => {
      if (over) giveUp.abort(reason)
      over = true
      abort(reason)
    }
    for (const each of outputs) each.onFailure(abort)
    onEndingSignal((signal) => end(new Interrupted(signal, constants.signals[signal])))
    if (timeout) timer = setTimeout(() => end(new TimedOut(timeout.text)), timeout.milliseconds)
  })
  const play = async () => {
    for await (const event of events) {
      if (over) return
      for (const each of outputs) each.write(event)
      if (pace.full) await new Promise<void>((resume) => pace.onceDrained(resume))
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
  const ended = [Interrupted, TimedOut, OutputClosed].some((kind) => failure instanceof kind)
  if (failure !== undefined && !ended) throw failure
  failure = await endOutputs(output, records, { failure, giveUp: giveUp.signal, show })
  clearTimeout(timer)
  if (failure !== undefined) throw failure
}
