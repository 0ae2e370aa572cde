/** A child has exited, its parent runs on, and does not wait for it until it exits itself. */
import { counted, duration } from '../text.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { named, nameOf } from '../trace/recorder.js'
import { childrenOf, isShell, lasting } from './children.js'
import { type Detector, forCalls } from './detector.js'

/** At the end of the trace a parent may still be about to wait, unless it forgets one child after the other. */
const many = 2

export function neverReaped(): Detector {
  const exits = new Map<Process, Call>()
  /** When the process called wait(2) or one of its relatives for the last time. */
  const waits = new Map<Process, number>()
  /** waitid(2) has reaped a child, and did not say which. */
  const secretive = new Set<Process>()
  const accepts = new Map<Process, number>()
  /** Whether the parent had a handler of SIGCHLD then. */
  const zombies = new Map<Process, boolean>()
  return {
    calls: {
      ...forCalls('wait4,waitid', ({ t, took, args }, process) => {
        waits.set(process, t + took)
        if (args[0] === 'P_ALL' && args[2] === 'NULL') secretive.add(process)
      }),
      ...forCalls('accept,accept4', ({ t, took, result = -1 }, process) => {
        if (result >= 0) accepts.set(process, t + took)
      }),
      exit_group: (call, process) => exits.set(process, call),
    },
    exit(process) {
      const action = process.parent?.actions.get('SIGCHLD')
      // Then the kernel reaps.
      if (!action?.isIgnored && !action?.flags.includes('SA_NOCLDWAIT'))
        zombies.set(process, action !== undefined)
    },
    finish: (trace) =>
      [...childrenOf(trace)].flatMap(([parent, children]) => {
        const end = parent.end?.t ?? trace.end
        const left = children.filter((child) => {
          const isHandled = zombies.get(child)
          if (child.reaped || !child.end || isHandled === undefined) return false
          // A handler that waits too seldom is another mistake.
          const waited = isHandled ? (waits.get(parent) ?? 0) : 0
          return child.end.t + lasting <= end && waited < child.end.t
        })
        const hasExited = parent.end?.signal === null
        const isServer =
          !waits.has(parent) &&
          left.filter(({ end }) => end && end.t < (accepts.get(parent) ?? 0)).length >= many
        const [first] = left
        if (!first?.end || isShell(parent) || secretive.has(parent) || !(hasExited || isServer)) return []
        const rest =
          left.length === 1 ? '' : ` and ${counted(left.length - 1, 'more child', 'more children')}`
        const time = duration(end - first.end.t)
        return {
          id: 'process/never-reaped',
          text: `${named(parent)} did not reap ${named(first)}${rest}. The first one was a zombie for ${time}${hasExited ? `, until ${nameOf(parent)} exited` : ''}.`,
          certain: hasExited,
          processes: [parent, ...left],
          calls: [first, ...left.slice(1).slice(-1), parent].flatMap((each) => exits.get(each) ?? []),
        }
      }),
  }
}
