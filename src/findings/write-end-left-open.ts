/**
 * A reader waits for end of file, which never comes: the pipe's write end is open only in processes that wait for the reader, or in
 * the reader itself.
 */
import type { Block, Process, Trace } from '../trace/model.js'
import type { Thing } from '../trace/objects.js'
import { named } from '../trace/recorder.js'
import type { Detector } from './detector.js'

const id = 'pipe/write-end-left-open'

export function writeEndLeftOpen(): Detector {
  return {
    finish(trace) {
      const pipes = new Set(trace.blocked.filter(isReading).flatMap(({ thing }) => thing ?? []))
      return [...pipes].flatMap((pipe) => {
        const stuck = stuckWith(pipe, trace)
        const holders = stuck.filter((process) => hasWriteEnd(process, pipe))
        const readers = trace.blocked.filter((block) => isReading(block) && block.thing === pipe)
        const isCircle = holders.length > 0 && holders.length === writersOf(pipe, trace).length
        if (!isCircle) return []
        const [reader = ''] = readers.map(({ process }) => named(process))
        return {
          id,
          text: `${reader} waits for end of file of ${pipe.label}. Its write end is open in ${holders.map(named).join(', ')}, which will not write.`,
          certain: true,
          processes: [...new Set([...readers.map(({ process }) => process), ...holders])],
          calls: readers,
        }
      })
    },
  }
}

const isReading = ({ call, thing }: Block) =>
  /^readv?$/.test(call) && (thing?.kind === 'pipe' || thing?.kind === 'fifo')

const hasWriteEnd = ({ table }: Process, pipe: Thing) =>
  [...table.values()].some(({ thing, end }) => thing === pipe && end !== 'read')

const writersOf = (pipe: Thing, { processes }: Trace) =>
  processes.filter((process) => !process.end && hasWriteEnd(process, pipe))

/** The readers of the pipe, and the processes that wait for one of them to exit, each with no other thread. */
function stuckWith(pipe: Thing, { blocked, processes }: Trace): Process[] {
  const stuck = new Set<Process>()
  const single = blocked.filter(({ process }) => process.threads === 0)
  for (const block of single) if (isReading(block) && block.thing === pipe) stuck.add(block.process)
  for (let before = -1; before !== stuck.size; ) {
    before = stuck.size
    for (const { process, call } of single) {
      const children = processes.filter(({ parent, end }) => parent === process && !end)
      const isWaiting = call === 'wait4' || call === 'waitid'
      if (isWaiting && children.length > 0 && children.every((child) => stuck.has(child))) stuck.add(process)
    }
  }
  return [...stuck]
}
