/** What a detector of a mistake sees of a traced run, and what it answers. */
import type { Call, Signalled } from '../trace/line.js'
import type { Block, Process, Trace } from '../trace/model.js'

export interface Finding {
  /** `pipe/write-end-left-open`: the name of its page, too. */
  id: string
  text: string
  /** Whether the calls prove it. Otherwise it is only likely. */
  certain: boolean
  processes: Process[]
  /** The calls that show it, returned or not. */
  calls: (Call | Block)[]
}

/**
 * Looks for one kind of mistake. It keeps sums and a few calls, never all of them: a run may have millions. The maps from names
 * of calls tell strace what to report.
 */
export interface Detector {
  /** By the name of a call: it has returned, and the model knows what it did. */
  calls?: Record<string, (call: Call, process: Process) => void>
  signal?: (signal: Signalled, process: Process, all: readonly Process[]) => void
  /** A call that blocked has returned. */
  block?: (block: Block) => void
  /** A process has exited. Its descriptor table is still as it was. `all`: those that have exited before, too. */
  exit?: (process: Process, all: readonly Process[]) => void
  /** @returns what is proven or likely, once for each place: the same mistake of 50 children is one finding */
  finish(trace: Trace): Finding[]
}

/** The same function for several calls. */
export function forCalls(
  names: string,
  see: (call: Call, process: Process) => void,
): NonNullable<Detector['calls']> {
  return Object.fromEntries(names.split(',').map((name) => [name, see]))
}
