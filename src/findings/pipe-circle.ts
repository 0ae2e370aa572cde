/**
 * A process blocks at one end of a pipe, and only processes that wait for it have the other end open. They stood like this when the
 * trace ended, or until signals ended it: Ctrl-C reaches all of them, in any order.
 */
import { descriptorsIn } from '../trace/descriptor.js'
import type { Call } from '../trace/line.js'
import type { Block, Process, Trace } from '../trace/model.js'
import type { Thing } from '../trace/objects.js'
import { type Detector, forCalls } from './detector.js'

export interface Circle {
  pipe: Thing
  /** What blocks at its end. */
  waiter: Process
  /** Those that have the other end open. */
  holders: Process[]
  calls: (Call | Block)[]
  /** Whether no function that is called on a signal could end it. */
  certain: boolean
}

/** A process in a call, from `begin` until a signal came, or the trace ended. */
interface Stand {
  process: Process
  name: string
  args: string[]
  call: Call | Block
  begin: number
  until: number
  /** The pipe at whose end it blocks. */
  pipe?: Thing | undefined
  /** The processes that had the other end open then. */
  holders?: Process[]
}

/** What blocks at each end. Lists of descriptors wait for input. */
const blocking = { read: 'read,readv,splice,tee,poll,ppoll,select,pselect6', write: 'write,writev,vmsplice' }
const waits = 'wait4,waitid'

/** With these signals, a user or another process ends a program. SIGKILL does not reach it: the program only exits. */
const enders = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])

/** The processes that one Ctrl-C reaches get it in this time, in microseconds. */
const together = 1e6

/** A shorter call may be about to return, in microseconds. */
const shortest = 10_000

/** At most so many calls prove a circle. */
const mostCalls = 6

/** Of more processes that were killed the last ones are not looked at. */
const most = 10_000

/** @param side the end at which the process blocks */
export function createCircles(side: 'read' | 'write') {
  const interrupted = new WeakMap<Process, { call: Call; at: number }>()
  const signalled = new WeakSet<Process>()
  const ended: Stand[] = []
  /** Those that exited after a signal, with the things that they held. */
  const dead: { process: Process; things: Thing[] }[] = []

  const holdsOther = ({ table }: Process, pipe: Thing) =>
    [...table.values()].some(({ thing, end }) => thing === pipe && end !== side)

  /** The only pipe for which a call waits. Undefined where it waits for something else, or not without end. */
  function pipeOf(name: string, args: string[], { table }: Process): Thing | undefined {
    const [list = '', timeout] = endlessly(name, args)
    const [one, other] = timeout ? descriptorsIn(list) : []
    const held = one && !other ? table.get(one.fd) : undefined
    const isPipe = held?.thing.kind === 'pipe' || held?.thing.kind === 'fifo'
    return isPipe && (held.end ?? side) === side ? held.thing : undefined
  }

  function stood(process: Process, until: number, all: readonly Process[]): void {
    const last = interrupted.get(process)
    if (last?.at !== process.calls || process.threads > 0 || ended.length >= most) return
    interrupted.delete(process)
    const { call } = last
    const { name, args, t: begin } = call
    const pipe = pipeOf(name, args, process)
    const holders = pipe && all.filter((one) => (!one.end || one === process) && holdsOther(one, pipe))
    if (pipe || waits.includes(name))
      ended.push({ process, name, args, call, begin, until, pipe, ...(holders && { holders }) })
  }

  /** The processes that cannot continue before one that blocks at the pipe does. */
  function stuckWith({ begin, until, pipe }: Stand, all: Stand[], { processes }: Trace): Stand[] {
    const there = all.filter((one) =>
      until === Infinity
        ? one.until === Infinity
        : one.begin < until && one.until > Math.max(begin, until - together),
    )
    const stuck = new Set(there.filter((one) => one.pipe === pipe))
    const isStuck = (process: Process) => [...stuck].some((one) => one.process === process)
    for (let before = -1; before !== stuck.size; ) {
      before = stuck.size
      for (const stand of there) {
        const children = processes.filter(
          ({ end, born, parent, pid }) =>
            born < until &&
            isWaitedFor(parent, pid, stand) &&
            (!end || end.t >= until || (end.signal !== null && end.t > begin)),
        )
        if (!stand.pipe && children.length > 0 && children.every(isStuck)) stuck.add(stand)
      }
    }
    return [...stuck]
  }

  const detector: Omit<Detector, 'finish'> = {
    calls: forCalls(`${blocking[side]},${waits}`, (call, process) => {
      if (call.result === undefined) interrupted.set(process, { call, at: process.calls })
    }),
    signal({ signal, t }, process, all) {
      if (signal !== 'SIGCHLD') signalled.add(process)
      if (enders.has(signal)) stood(process, t, all)
    },
    exit(process, all) {
      const { t = 0, signal = null } = process.end ?? {}
      if (signal !== null) stood(process, t, all)
      if (dead.length >= most || !(signal !== null || signalled.has(process))) return
      const things = [...process.table.values()].flatMap(({ thing, end }) => (end === side ? [] : thing))
      if (things.length > 0) dead.push({ process, things })
    },
  }

  /** The circle around what stands at a pipe. */
  function around(stand: Stand & { pipe: Thing }, all: Stand[], trace: Trace): Circle[] {
    const { pipe, process: waiter, begin, until } = stand
    const alive = stand.holders ?? trace.processes.filter((one) => !one.end && holdsOther(one, pipe))
    const before = dead.filter(({ process, things }) => {
      const end = process.end?.t ?? 0
      return stand.holders && things.includes(pipe) && end > begin && end < until
    })
    const holders = [...new Set([...alive, ...before.map(({ process }) => process)])]
    const stuck = stuckWith(stand, all, trace)
    const isClosed = holders.every((process) => stuck.some((one) => one.process === process))
    if (holders.length === 0 || !isClosed) return []
    const isOwn = holders.length === 1 && holders[0] === waiter && pipe.made?.by === waiter
    const handled = holders.flatMap(({ actions }) => [...actions].filter(([, { isIgnored }]) => !isIgnored))
    // A function that is called on a signal may write to the pipe: right programs wait for signals like that.
    if (side === 'read' && isOwn && handled.length > 0) return []
    const calls = [stand, ...stuck.filter((one) => one.process !== waiter)].map(({ call }) => call)
    // Shells and Python always handle these.
    const certain = handled.every(([signal]) => signal === 'SIGINT' || signal === 'SIGCHLD')
    return [{ pipe, waiter, holders, calls: calls.slice(0, mostCalls), certain }]
  }

  return {
    detector,
    /** At most one for each pipe. */
    find(trace: Trace): Circle[] {
      if (dead.length >= most) return []
      const now = trace.blocked.flatMap((call): Stand[] => {
        const { process, call: name, args, begin } = call
        const pipe = pipeOf(name, args, process)
        const isStand = process.threads === 0 && (pipe || waits.includes(name))
        return isStand ? [{ process, name, args, call, begin, until: Infinity, pipe }] : []
      })
      const all = [...now, ...ended]
      const circles = all.flatMap((stand) => {
        const { pipe } = stand
        // Without its maker, others may have it. With bytes in it, nothing waits for them.
        const isLong = Math.min(stand.until, trace.end) - stand.begin >= shortest
        return pipe?.made && isLong && !hasBytes(pipe, side) ? around({ ...stand, pipe }, all, trace) : []
      })
      return [...new Map(circles.map((circle) => [circle.pipe, circle])).values()]
    },
  }
}

/** What the call waits for, and whether it does so without end. */
function endlessly(name: string, args: string[]): [list: string | undefined, isEndless: boolean] {
  switch (name) {
    case 'poll':
      return [args[0], args[2] === '-1' && args[0]?.includes('POLLIN') === true]
    case 'ppoll':
      return [args[0], args[2] === 'NULL' && args[0]?.includes('POLLIN') === true]
    case 'select':
    case 'pselect6':
      return [args[1], args.slice(2, 5).every((word) => word === 'NULL')]
    default:
      return [args[0], !waits.includes(name)]
  }
}

/** Whether there is something to read for those that read. */
function hasBytes({ users }: Thing, side: 'read' | 'write'): boolean {
  let left = 0
  for (const { read, write } of users.values()) left += write.bytes - read.bytes
  return side === 'read' && left > 0
}

function isWaitedFor(parent: Process | undefined, pid: number, { process, name, args }: Stand): boolean {
  const word = name === 'waitid' ? (args[0] === 'P_PID' ? args[1] : undefined) : args[0]
  const wanted = Number(word)
  return parent === process && !(wanted > 0 && wanted !== pid)
}
