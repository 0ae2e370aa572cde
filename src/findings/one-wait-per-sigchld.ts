/** The handler of SIGCHLD reaps one child. Another one had exited before, and its signal is the same one. */
import { counted } from '../text.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { named } from '../trace/recorder.js'
import { childrenOf, isShell, lasting } from './children.js'
import { type Detector, forCalls } from './detector.js'

/** What has happened since the last SIGCHLD. */
interface Round {
  waits: number
  /** The last one that has reaped a child, whichever it was. */
  reaping?: Call
}

export function oneWaitPerSigchld(): Detector {
  const rounds = new Map<Process, Round>()
  return {
    signal({ signal }, process) {
      if (signal === 'SIGCHLD' && process.actions.get(signal)?.isIgnored === false)
        rounds.set(process, { waits: 0 })
    },
    calls: forCalls('wait4,waitid', (call, process) => {
      const round = rounds.get(process)
      if (!round) return
      round.waits++
      const isAny = call.args[0] === '-1' || call.args[0] === 'P_ALL'
      if (isAny && call.result !== undefined && call.result >= 0) round.reaping = call
    }),
    finish(trace) {
      const children = childrenOf(trace)
      return [...rounds].flatMap(([parent, { waits, reaping }]) => {
        // A handler that waits until no child is left calls wait once more, and leaves none.
        if (!reaping || isShell(parent)) return []
        // At the end of the trace it may still be about to wait.
        const patience = parent.end?.signal === null ? lasting : 10 * lasting
        if ((parent.end?.t ?? trace.end) < reaping.t + patience) return []
        const left = (children.get(parent) ?? []).filter(
          ({ end, reaped }) => end && !reaped && end.t < reaping.t,
        )
        if (left.length === 0) return []
        return {
          id: 'process/one-wait-per-sigchld',
          text: `${named(parent)} waited ${counted(waits, 'time')} after its last SIGCHLD, and left ${counted(left.length, 'more child', 'more children')} that had exited.`,
          certain: true,
          processes: [parent, ...left],
          calls: [reaping],
        }
      })
    },
  }
}
