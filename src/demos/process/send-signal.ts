/** Signals to processes that another process may have killed in the meantime. */
import { errnoOf, systemCallError } from '../../errors.js'

/** Sends a signal to a process. @throws SystemCallError @returns whether it existed; what the demo observes next then shows that it did not */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false
    throw systemCallError(error, `cannot send ${signal} to process ${pid}`)
  }
}
