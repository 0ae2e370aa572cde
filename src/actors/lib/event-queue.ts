/** The line out of a server, which must never wait because the supervisor does not read. */
import { Socket } from 'node:net'
import { die, lineOut } from './line.js'

/** How many bytes of events may wait to be read by the supervisor before further ones are only counted. */
const queueLimit = 1024 * 1024

export interface EventQueue {
  /** Never blocks; when too much is waiting already, the event is dropped and counted. */
  write(text: string): void
  /** Calls back with the number of dropped events, each time that the supervisor has caught up after some were dropped. */
  onDropped(report: (count: number) => void): void
  close(): void
}

export function createEventQueue(): EventQueue {
  const out = new Socket({ fd: lineOut, readable: false }).on('error', die)
  let dropped = 0
  return {
    write(text) {
      if (out.writableLength > queueLimit) dropped++
      else out.write(text)
    },
    onDropped(report) {
      out.on('drain', () => {
        const count = dropped
        dropped = 0
        if (count > 0) report(count)
      })
    },
    close: () => void out.destroy(),
  }
}
