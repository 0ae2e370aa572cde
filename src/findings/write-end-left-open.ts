/**
 * A reader waits for end of file, which never comes: the pipe's write end is open only in processes that wait for the reader, or in
 * the reader itself.
 */
import { named } from '../trace/recorder.js'
import type { Detector } from './detector.js'
import { createCircles } from './pipe-circle.js'

export function writeEndLeftOpen(): Detector {
  const { detector, find } = createCircles('read')
  return {
    ...detector,
    finish: (trace) =>
      find(trace).flatMap(({ pipe, waiter, holders, calls, certain }) => {
        const isFifo = pipe.kind === 'fifo'
        // Another program may open a FIFO, and a server may hold both ends on purpose. A writer that has written should close.
        const haveWritten = holders.every(
          (one) => one !== waiter && (pipe.users.get(one)?.write.calls ?? 0) > 0,
        )
        if (isFifo && !haveWritten) return []
        return {
          id: 'pipe/write-end-left-open',
          text: `${named(waiter)} waits for the end of ${pipe.label}. Its write end is open in ${holders.map(named).join(', ')}, which will not write.`,
          certain: certain && !isFifo,
          processes: [...new Set([waiter, ...holders])],
          calls,
        }
      }),
  }
}
