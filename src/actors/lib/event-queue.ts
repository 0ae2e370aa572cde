/** Sends a server's events to the supervisor. A server must never block because the supervisor does not read them. */
import { Socket } from 'node:net'
import { die, lineOut } from './line.js'

/** How many bytes of events may wait for the supervisor. Further events are dropped and counted. */
const queueLimit = 1024 * 1024

export interface EventQueue {
  /** Never blocks. When the queue is full, the event is dropped and counted. */
  write(text: string): void
  /** Calls back with the number of dropped events each time the supervisor has read the queue empty after a loss. */
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
