/**
 * Processes that block in calls which only another process of the run can end. They stood like this when the trace ended, or until
 * signals killed them all: Ctrl-C reaches all of them, in any order.
 */
import type { Lock } from '../trace/locks.js'
import type { Block, Process, Trace } from '../trace/model.js'
import type { Thing } from '../trace/objects.js'
import { type Detector, forCalls } from './detector.js'

export interface Stuck {
  /** What each of them blocks in. */
  blocks: Block[]
  /** Whether no process of the run was doing anything else. */
  isAll: boolean
  /** Whether no function that is called on a signal could end it. */
  certain: boolean
  /** The locks that a file had then. */
  locksOf(thing: Thing): Lock[]
}

/** All processes that one Ctrl-C reaches get it in this time, in microseconds. */
const together = 1e6

/** A process that has been unblocked may need some time to return from its call, where the machine is busy. */
const shortest = 200_000

export function createStuck() {
  /** The last call of a process that blocked. */
  const last = new WeakMap<Process, { block: Block; at: number }>()
  const timers = new WeakSet<Process>()
  /** The locks of processes that exited not long ago, until then. */
  let lost: { thing: Thing; lock: Lock; t: number }[] = []

  const detector: Omit<Detector, 'finish'> = {
    calls: {
      alarm({ args }, process) {
        if (args[0] === '0') timers.delete(process)
        else timers.add(process)
      },
      ...forCalls('setitimer,timer_settime', (_, process) => void timers.add(process)),
    },
    block: (block) => void last.set(block.process, { block, at: block.process.calls }),
    exit(process) {
      const { t = 0 } = process.end ?? {}
      lost = lost.filter((each) => each.t > t - together)
      for (const thing of new Set([...process.table.values()].map(({ thing }) => thing)))
        for (const lock of thing.locks ?? []) if (lock.by === process) lost.push({ thing, lock, t })
    },
  }

  /** What blocked a process at a time after which it did nothing else. */
  function blockAt(t: number, process: Process, { blocked }: Trace): Block | undefined {
    if (!process.end) return blocked.find((block) => block.process === process)
    const { block, at } = last.get(process) ?? {}
    // semop(2) always returns EINTR, even where the signal then kills the process.
    const isInterrupted = block?.result === undefined || block.errno === 'EINTR'
    const isKilled = process.end.signal !== null && at === process.calls && isInterrupted
    // When the others were dead, it may have continued.
    const isFreed = block !== undefined && (block.end ?? t) >= t
    return block && block.begin < t && (isKilled || isFreed) ? block : undefined
  }

  return {
    detector,
    /** Undefined where no process is stuck. */
    find(trace: Trace): Stuck | undefined {
      const alive = trace.processes.filter(({ end }) => !end)
      const ends = trace.processes.flatMap(({ end }) => end ?? [])
      const over = Math.max(...ends.map((end) => end.t))
      const killed = ends.filter((end) => end.signal !== null && end.t > over - together)
      const t = alive.length > 0 ? trace.end : Math.min(...killed.map((end) => end.t))
      if (t === Infinity) return undefined
      const there = trace.processes.filter(({ born, end }) => born < t && (end?.t ?? Infinity) >= t)
      const blocks = there.flatMap((process) => {
        const block = blockAt(t, process, trace)
        return block && process.threads === 0 && !timers.has(process) && isEndless(block) ? [block] : []
      })
      const before = ends.flatMap((end) => (end.t < t ? [end.t] : []))
      const quiet = t - Math.max(...before, ...blocks.map(({ begin }) => begin))
      if (blocks.length === 0 || quiet < shortest) return undefined
      // Shells and Python always handle these.
      const isHandled = blocks.some(({ process: { actions } }) =>
        [...actions].some(([signal, { isIgnored }]) => !isIgnored && !/INT|CHLD/.test(signal)),
      )
      const locksOf = (thing: Thing) => [
        ...(thing.locks ?? []),
        ...lost.flatMap((each) => (each.thing === thing && each.t >= t ? [each.lock] : [])),
      ]
      return { blocks, isAll: blocks.length === there.length, certain: !isHandled, locksOf }
    },
  }
}

/** Whether only another process of the run can end the call. */
function isEndless({ call, args, thing }: Block): boolean {
  switch (call) {
    case 'wait4':
    case 'waitid':
    case 'flock':
    case 'fcntl':
    case 'msgsnd':
    case 'msgrcv':
    case 'semop':
      return true
    case 'semtimedop':
    case 'futex':
      return args[3] === undefined || args[3] === 'NULL'
    case 'read':
    case 'write':
      return thing?.kind === 'pipe' && thing.made !== undefined
    default:
      return false
  }
}
