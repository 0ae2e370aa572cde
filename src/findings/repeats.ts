/** The same mistake again and again is one finding: how often, by which processes, with the first and the last proof. */
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { named } from '../trace/recorder.js'

export interface Repeated<About> {
  count: number
  processes: Process[]
  /** The name and the pid of the first process. */
  who: string
  /** What the finding says of the first process. */
  about: About
  /** The first proof, and the last one where there are several. */
  calls: Call[]
}

/** A finding names at most this many processes. */
const mostProcesses = 20

/** More kinds of a mistake than this are not told apart. */
const mostKinds = 1000

export function createRepeats<About = void>() {
  const kinds = new Map<string, Repeated<About>>()
  return {
    /** @param key the same for what is the same mistake */
    add(key: string, process: Process, proof: Call[], about: About): void {
      const known = kinds.get(key)
      if (!known) {
        const one = { count: 1, processes: [process], who: named(process), about, calls: proof }
        if (kinds.size < mostKinds) kinds.set(key, one)
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

/** A sentence for what has happened more than once. */
export function often({ count }: Repeated<unknown>): string {
  return count > 1 ? ` This happened ${count} times.` : ''
}

/** The part of a finding that proves it. */
export function proofOf({ processes, calls }: Repeated<unknown>) {
  return { processes, calls }
}
