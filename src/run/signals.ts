/** The signals that ask us to end. */
import { debug } from '../log.js'

const handlers = new Set<(signal: NodeJS.Signals) => void>()
let listening = false

/**
 * Calls back for each signal that asks us to end. The process goes on listening after the last handler is removed: without
 * a listener, a second Ctrl-C would kill us in the middle of cleaning up.
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
