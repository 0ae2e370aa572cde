/** A program exits, and a child of it runs on, which is not made for that. */
import { counted, duration } from '../text.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { named, nameOf } from '../trace/recorder.js'
import { childrenOf, isShell, lasting } from './children.js'
import { type Detector, forCalls } from './detector.js'

export function orphanedChild(): Detector {
  const exits = new Map<Process, Call>()
  /** Those that have left the session, as a daemon does. */
  const sessions = new Set<Process>()
  /** Those whose stdout and stderr are not those of their parent. */
  const redirected = new Set<Process>()
  /** What was written to stdout or stderr after the exit of the parent: the first call. */
  const late = new Map<Process, Call>()
  /** When a pipe or a socket was at its end: so a process learns that another one has exited. */
  const ends = new Map<Process, number>()
  return {
    calls: {
      exit_group: (call, process) => exits.set(process, call),
      setsid: (_, process) => sessions.add(process),
      ...forCalls('dup2,dup3', ({ result }, process) => {
        if (result === 1 || result === 2) redirected.add(process)
      }),
      ...forCalls('write,writev', (call, process) => {
        if (process.parent?.end && /^[12]\b/.test(call.args[0] ?? '') && !late.has(process))
          late.set(process, call)
      }),
      ...forCalls('read,readv,recvfrom,recvmsg', ({ t, took, args: [from = ''], result }, process) => {
        if (result === 0 && /^\d+<(?:pipe|[A-Z])/.test(from)) ends.set(process, t + took)
      }),
    },
    finish: (trace) =>
      [...childrenOf(trace)].flatMap(([parent, children]) => {
        const { end, executed } = parent
        // A process that exits in between, so that another one reaps the grandchild, has executed no program.
        if (end?.signal !== null || executed === undefined || isShell(parent) || sessions.has(parent))
          return []
        const isOrphan = (child: Process) => {
          if (child.reaped || sessions.has(child)) return false
          if (late.has(child)) return !redirected.has(child)
          const isLong = (child.end?.t ?? trace.end) >= end.t + lasting
          // A program that was executed may be meant to stay, and one that sees the end of its input exits soon.
          return isLong && !child.executed && (ends.get(child) ?? 0) < (exits.get(parent)?.t ?? end.t)
        }
        const left = children.filter(isOrphan)
        const [first] = left
        if (!first) return []
        const writes = left.flatMap((child) => late.get(child) ?? []).slice(0, 1)
        const time = duration((first.end?.t ?? trace.end) - end.t)
        const rest =
          left.length === 1 ? '' : ` and ${counted(left.length - 1, 'more child', 'more children')}`
        return {
          id: 'process/orphaned-child',
          text: `${named(parent)} exited before ${named(first)}${rest}, and did not wait. ${nameOf(first)} ran on for ${time}${writes.length > 0 ? ', and wrote to the terminal or file of its parent' : ''}.`,
          certain: left.some((child) => late.has(child) && !child.executed),
          processes: [parent, ...left],
          calls: [...[parent].flatMap((each) => exits.get(each) ?? []), ...writes],
        }
      }),
  }
}
