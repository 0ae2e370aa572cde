/** Logs for debugging osdemo itself: pino on stderr. It is loaded only for `--log-level`. */
import type { Logger } from 'pino'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

let logger: Logger | undefined

/**
 * Opens the log on stderr, on Node's stream: a terminal that takes no more output must not block osdemo. A transport of pino would
 * be a thread, and `shm threads` shows the threads of this process.
 */
export async function openLog(level: LogLevel): Promise<void> {
  const { pino } = await import('pino')
  logger = pino(
    { level, base: { pid: process.pid } },
    {
      write: (line) => void process.stderr.write(line),
    },
  )
}

/** Writes one line at level debug, or nothing while no log is open. */
export function debug(fields: object, message: string): void {
  logger?.debug(fields, message)
}
