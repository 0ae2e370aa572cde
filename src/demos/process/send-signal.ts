/** Signals to processes that another process may have killed in the meantime. */
import { errnoOf, systemCallError } from '../../errors.js'
import { now } from '../../events.js'
import type { Stage } from '../../run/stage.js'

/**
 * Sends a signal to a process, and reports it with the time just before: its effect may come before kill(2) returns.
 *
 * @throws SystemCallError
 * @returns whether the process existed; what the demo observes next then shows that it did not
 */
export function sendSignal(
  stage: Stage,
  { id, name }: { id: number; name: string },
  signal: NodeJS.Signals,
): boolean {
  const at = now()
  try {
    process.kill(id, signal)
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false
    throw systemCallError(error, `cannot send ${signal} to process ${id}`)
  }
  stage.say({ event: 'signal', signal, from: process.pid, to: id, name }, at)
  return true
}
