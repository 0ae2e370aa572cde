/** What detectors note about the descriptors that processes have made and not closed. */
import { descriptorIn, descriptorsIn } from '../trace/descriptor.js'
import type { Process } from '../trace/model.js'
import { type Detector, forCalls } from './detector.js'

/** @param onClose is called for each entry whose descriptor is closed while the process runs */
export function createOpened<Entry>(onClose: (entry: Entry, process: Process) => void = () => {}) {
  // Processes may share a table. After execve(2), a process has another one: the new program does not know what is in it.
  const tables = new WeakMap<Process['table'], Map<number, Entry>>()

  function drop(fd: number, process: Process): void {
    const entries = tables.get(process.table)
    const entry = entries?.get(fd)
    if (entry === undefined) return
    entries?.delete(fd)
    onClose(entry, process)
  }

  const calls: NonNullable<Detector['calls']> = {
    ...forCalls('close', ({ args, result }, process) => {
      if (result === 0) drop(Number.parseInt(args[0] ?? '', 10), process)
    }),
    ...forCalls('close_range', ({ args, result }, process) => {
      if (result !== 0 || args[2]?.includes('CLOEXEC')) return
      const [from, to] = [Number.parseInt(args[0] ?? '', 10), Number.parseInt(args[1] ?? '', 10)]
      for (const fd of [...of(process).keys()]) if (fd >= from && fd <= to) drop(fd, process)
    }),
    ...forCalls('dup2,dup3', ({ args, result }, process) => {
      const [from, to] = args.map((word) => Number.parseInt(word, 10))
      if (result !== undefined && result >= 0 && from !== to && to !== undefined) drop(to, process)
    }),
  }

  function of(process: Process): ReadonlyMap<number, Entry> {
    return tables.get(process.table) ?? new Map<number, Entry>()
  }

  return {
    calls,
    /** The entries of a process, by descriptor. */
    of,
    add(fd: number, entry: Entry, process: Process): void {
      // No call was seen that closed the descriptor which had the number before.
      drop(fd, process)
      const entries = tables.get(process.table) ?? new Map<number, Entry>()
      entries.set(fd, entry)
      tables.set(process.table, entries)
    },
  }
}

/** The descriptors that an argument names: one, or those in a list for poll(2) or select(2). */
export function numbersIn(word: string): number[] {
  const one = descriptorIn(word)
  return one ? [one.fd] : descriptorsIn(word).map(({ fd }) => fd)
}
