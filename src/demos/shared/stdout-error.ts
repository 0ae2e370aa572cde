/** Payload that a demo itself writes to stdout. */
import { errnoOf, OutputClosed, systemCallError } from '../../errors.js'

/** The error for a failed write: its reader has gone, or the call failed. */
export function stdoutError(error: Error): unknown {
  if (errnoOf(error) === 'EPIPE') return new OutputClosed(error)
  return systemCallError(error, 'cannot write to stdout')
}
