/**
 * A writer blocks because the pipe is full, and gets no SIGPIPE: the pipe's read end is open only in processes that wait for the
 * writer, or in the writer itself.
 */
import { named } from '../trace/recorder.js'
import type { Detector } from './detector.js'
import { createCircles } from './pipe-circle.js'

export function readEndLeftOpen(): Detector {
  const { detector, find } = createCircles('write')
  return {
    ...detector,
    finish: (trace) =>
      find(trace).flatMap(({ pipe, waiter, holders, calls, certain }) =>
        // Another program may open a FIFO.
        pipe.kind === 'fifo'
          ? []
          : {
              id: 'pipe/read-end-left-open',
              text: `${named(waiter)} blocks because ${pipe.label} is full. Its read end is open in ${holders.map(named).join(', ')}, which will not read.`,
              certain,
              processes: [...new Set([waiter, ...holders])],
              calls,
            },
      ),
  }
}
