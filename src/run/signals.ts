/** The signals that ask us to end. */
import { debug } from '../log.js'

let handleSignal: ((signal: NodeJS.Signals) => void) | undefined

/**
 * Says who hears a signal that asks us to end. The listeners stay until the process has ended: without one, a second
 * Ctrl-C would kill us in the middle of cleaning up.
 */
export function onEndingSignal(handler: (signal: NodeJS.Signals) => void): void {
  const first = handleSignal === undefined
  handleSignal = handler
  if (!first) return
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      debug({ signal }, 'signal')
      handleSignal?.(signal)
    })
  }
}
