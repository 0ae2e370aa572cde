/** Logs for whoever debugs osdemo itself: pino on stderr, loaded only when `--log-level` asks. */
import type { Logger } from 'pino'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

let logger: Logger | undefined

/** Opens the log on stderr. Synchronous and without a transport: a transport is a thread, and threads are a lesson here. */
export async function openLog(level: LogLevel): Promise<void> {
  const { pino } = await import('pino')
  logger = pino({ level, base: { pid: process.pid } }, pino.destination({ fd: 2, sync: true }))
}

/** Writes one line at level debug; nothing while no log is open. */
export function debug(fields: object, message: string): void {
  logger?.debug(fields, message)
}
