/** The signals that ask osdemo to terminate. */
import { debug } from '../log.js'

const handlers = new Set<(signal: NodeJS.Signals) => void>()
let listening = false

/**
 * Calls back for each signal that asks osdemo to terminate. The process keeps its listeners after the last handler is removed:
 * without one, a second Ctrl-C would kill it during the clean-up.
 *
 * @returns removes the handler
 */
export function onEndingSignal(handler: (signal: NodeJS.Signals) => void): () => void {
  handlers.add(handler)
  if (!listening) listen()
  listening = true
  return () => void handlers.delete(handler)
}

function listen(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      debug({ signal }, 'signal')
      for (const handle of handlers) handle(signal)
    })
  }
}
