/** The same mistake again and again is one finding: how often, by which processes, with the first and the last proof. */
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'

export interface Repeated {
  count: number
  processes: Process[]
  /** The first proof, and the last one where there are several. */
  calls: Call[]
}

/** A finding names at most this many processes. */
const mostProcesses = 20

/** More kinds of a mistake than this are not told apart. */
const mostKinds = 1000

export function createRepeats() {
  const kinds = new Map<string, Repeated>()
  return {
    /** @param key the same for what is the same mistake */
    add(key: string, process: Process, proof: Call[]): void {
      const known = kinds.get(key)
      if (!known) {
        if (kinds.size < mostKinds) kinds.set(key, { count: 1, processes: [process], calls: proof })
        return
      }
      known.count++
      if (known.processes.length < mostProcesses && !known.processes.includes(process))
        known.processes.push(process)
      // Both may have the same cause.
      known.calls = [...new Set([...known.calls.slice(0, proof.length), ...proof])]
    },
    all: () => [...kinds.values()],
  }
}
