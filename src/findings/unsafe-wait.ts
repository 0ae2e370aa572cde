/**
 * A process sleeps in pause(2), and the signal for which it waits came before. It is a mistake where nothing is left that could wake
 * it up: each signal with a handler has come, no process of the run can send another one, and no timer runs.
 */
import { duration } from '../text.js'
import type { Call, Signalled } from '../trace/line.js'
import type { Block, Process, Trace } from '../trace/model.js'
import { named } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'

/** A shorter pause may be about to end, in microseconds. */
const patience = 500_000

interface Memory {
  /** The signals that have called a handler. */
  received: Set<string>
  last: Signalled
  /** The number of calls when the handler returned. Missing where it had interrupted one. */
  returned?: number
  /** The call in which a signal ended the process. */
  pause?: Call
}

/** A process in pause(2), where the last call before was the return of a handler. */
interface Pause {
  process: Process
  signal: Signalled
  call: Call | Block
  begin: number
  end: number
}

export function unsafeWait(): Detector {
  const memories = new Map<Process, Memory>()
  const timers = new Set<Process>()

  function pauseOf([process, memory]: [Process, Memory], { blocked, end }: Trace): Pause[] {
    const { received, last: signal, returned } = memory
    const block = blocked.find((each) => each.process === process && isPause(each.call, each.args))
    const call = block && returned === process.calls ? block : process.end?.signal ? memory.pause : undefined
    if (!call || process.threads > 0 || timers.has(process)) return []
    const isAwaited = [...process.actions].some(
      // Python handles SIGINT in each program.
      ([name, { isIgnored }]) => !isIgnored && name !== 'SIGINT' && !received.has(name),
    )
    const pause = { begin: 'begin' in call ? call.begin : call.t, end: process.end?.t ?? end }
    return isAwaited || pause.end - pause.begin < patience ? [] : [{ process, signal, call, ...pause }]
  }

  return {
    signal(signal, process) {
      // alarm(2) sends it once.
      if (signal.signal === 'SIGALRM') timers.delete(process)
      if (process.actions.get(signal.signal)?.isIgnored !== false) return
      const received = (memories.get(process)?.received ?? new Set()).add(signal.signal)
      memories.set(process, { received, last: signal })
    },
    calls: {
      rt_sigreturn({ errno }, process) {
        const memory = memories.get(process)
        if (memory && errno !== 'EINTR') memory.returned = process.calls
      },
      ...forCalls('alarm,timer_settime', (_, process) => timers.add(process)),
      ...forCalls('pause,ppoll', (call, process) => {
        const memory = memories.get(process)
        const isLast = memory?.returned === process.calls - 1
        if (memory && isLast && isPause(call.name, call.args) && call.result === undefined)
          memory.pause = call
      }),
    },
    finish(trace) {
      const pauses = [...memories].flatMap((each) => pauseOf(each, trace))
      const stuck = new Set(pauses.map(({ process }) => process))
      /** It waits itself, for a signal or for a process that sleeps. */
      const isQuiet = (process: Process) =>
        stuck.has(process) ||
        [...stuck].some(({ parent }) => parent === process) ||
        trace.blocked.some((block) => block.process === process && /^(?:wait|pause|rt_sig)/.test(block.call))
      const [first] = pauses.filter(({ begin }) =>
        trace.processes.every((each) => isQuiet(each) || (each.end !== undefined && each.end.t <= begin)),
      )
      if (!first) return []
      const { process, signal, call, begin, end } = first
      return [
        {
          id: 'signal/unsafe-wait',
          text: `${named(process)} has been blocked in pause(2) for ${duration(end - begin)}. Its last signal, ${signal.signal}, came ${duration(begin - signal.t)} before that call.`,
          certain: false,
          processes: [process],
          calls: [call],
        },
      ]
    },
  }
}

/** On some machines pause(3) is ppoll(2) without descriptors and time. */
function isPause(name: string, args: string[]): boolean {
  return name === 'pause' || (name === 'ppoll' && args.join().startsWith('NULL,0,NULL,NULL'))
}
