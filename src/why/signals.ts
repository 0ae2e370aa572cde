/** What each signal does to a process when it is sent now: signal(7). */
import { constants } from 'node:os'
import { readStat } from '../proc/stat.js'
import { readStatus } from '../proc/status.js'
import { threads } from '../proc/task.js'

export interface SignalState {
  /** Without SIG. */
  name: string
  number: number
  /** What the process has chosen with sigaction(2). */
  action: 'default' | 'handler' | 'ignored'
  /** Whether all its threads block it. */
  isBlocked: boolean
  /** Whether it was sent, to the process or one of its threads, and not delivered yet. */
  isPending: boolean
  effect: 'terminates' | 'stops' | 'continues' | 'runs a handler' | 'stays pending' | 'nothing'
}

export interface SignalReport {
  signals: SignalState[]
  /** Whether it is the first process of a pid namespace: a signal without a handler does nothing to it. */
  isInit: boolean
  isZombie: boolean
}

/** The default actions that do not terminate: signal(7). */
const mild: Partial<Record<string, SignalState['effect']>> = {
  CHLD: 'nothing',
  URG: 'nothing',
  WINCH: 'nothing',
  CONT: 'continues',
  STOP: 'stops',
  TSTP: 'stops',
  TTIN: 'stops',
  TTOU: 'stops',
}

/** The first 31 signals, without the real-time ones. Undefined where the process cannot be seen. */
export function signalReport(pid: number): SignalReport | undefined {
  const all = threads(pid).flatMap((tid) => readStatus(pid, tid) ?? [])
  const [main] = all
  if (!main) return undefined
  const isInit = main.namespaceIds.at(-1) === 1
  const isZombie = readStat(pid)?.state === 'Z' && all.length === 1
  const everywhere = all.reduce((set, { blocked }) => set & blocked, ~0n)
  const pending = all.reduce((set, status) => set | status.pending, 0n)
  const names = new Map<number, string>()
  for (const [name, number] of Object.entries(constants.signals))
    if (number < 32 && !names.has(number)) names.set(number, name.replace(/^SIG/, ''))
  const signals = [...names]
    .toSorted(([one], [other]) => one - other)
    .map(([number, name]) => {
      const has = (set: bigint) => ((set >> BigInt(number - 1)) & 1n) === 1n
      const action = has(main.caught) ? 'handler' : has(main.ignored) ? 'ignored' : 'default'
      const state = { name, number, action, isBlocked: has(everywhere), isPending: has(pending) } as const
      return { ...state, effect: effectOf(state) }
    })
  return { signals, isInit, isZombie }

  function effectOf({ name, action, isBlocked }: Omit<SignalState, 'effect'>): SignalState['effect'] {
    if (isZombie) return 'nothing'
    // No process can block, ignore or catch these two, but a process cannot send them to the first of its own namespace.
    if (name === 'KILL') return 'terminates'
    if (name === 'STOP') return 'stops'
    // SIGCONT continues a stopped process also where it is blocked or ignored.
    if (name === 'CONT' && action !== 'handler') return 'continues'
    if (action === 'ignored') return 'nothing'
    if (isBlocked) return 'stays pending'
    if (action === 'handler') return 'runs a handler'
    const effect = mild[name] ?? 'terminates'
    return isInit ? 'nothing' : effect
  }
}
