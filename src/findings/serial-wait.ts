/** A program forks and waits, forks and waits: its children never run at the same time, though each does its own work. */
import { duration } from '../text.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { named } from '../trace/recorder.js'
import { isShell } from './children.js'
import { type Detector, forCalls } from './detector.js'

/** So many in a row, and each so long, in microseconds. One that only starts another program and waits for it is no such loop. */
const [fewest, shortest] = [3, 20_000]

/** Children one after the other, and between them nothing that a child may depend on. */
interface Row {
  count: number
  time: number
  first?: Call
  last?: Call
  /** The child that runs now. */
  fork?: Call
  child?: Process
}

export function serialWait(): Detector {
  const rows = new Map<Process, Row>()
  /** How many children each process has that have not exited. */
  const alive = new Map<Process, number>()
  const longest = new Map<Process, Row>()
  const rowOf = (process: Process) => rows.get(process) ?? { count: 0, time: 0 }
  const end = (process: Process) => {
    const row = rows.get(process)
    rows.delete(process)
    if (row && row.count >= Math.max(fewest, longest.get(process)?.count ?? 0)) longest.set(process, row)
  }
  return {
    calls: {
      ...forCalls('clone,clone3,fork,vfork', (call, process) => {
        if (call.result === undefined || call.result <= 0) return
        const others = alive.get(process) ?? 0
        const isThread = call.args.join().includes('CLONE_THREAD')
        if (!isThread) alive.set(process, others + 1)
        const { fork, child, ...row } = rowOf(process)
        if (isThread || fork || others > 0) end(process)
        else rows.set(process, { ...row, fork: call })
      }),
      ...forCalls('wait4,waitid', (call, process) => {
        const { fork, child, ...row } = rowOf(process)
        if (!fork) return
        const time = child?.end?.code === 0 ? child.end.t - child.born : 0
        if (child?.executed !== undefined || child?.reaped?.by !== process || time < shortest)
          return end(process)
        rows.set(process, {
          count: row.count + 1,
          time: row.time + time,
          first: row.first ?? fork,
          last: call,
        })
      }),
      // What the parent reads may be the result of one child, and the input of the next one.
      ...forCalls('read,readv,recvfrom,recvmsg,accept,accept4', ({ result = 0 }, process) => {
        if (result > 0) end(process)
      }),
    },
    exit(process) {
      const { parent } = process
      if (parent) alive.set(parent, (alive.get(parent) ?? 0) - 1)
      const row = parent && rows.get(parent)
      if (row?.fork?.result === process.pid) row.child = process
      // One that a signal ends, such as a supervisor, starts the same worker again and again.
      if (process.end?.signal === null && !isShell(process)) end(process)
      else longest.delete(process)
    },
    finish: () =>
      [...longest].flatMap(([process, { count, time, first, last }]) => {
        if (process.end?.signal !== null) return []
        return {
          id: 'process/serial-wait',
          text: `${named(process)} started ${count} children, and waited for each before it started the next one: ${duration(time)} in all.`,
          certain: false,
          processes: [process],
          calls: [first, last].flatMap((call) => call ?? []),
        }
      }),
  }
}
