/** pause(2), sigsuspend(2), sigtimedwait(2): for a signal. */
import { constants } from 'node:os'
import { readMemory } from '../../proc/process-memory.js'
import { readStatus, signalsIn } from '../../proc/status.js'
import { noWaker, type Waking } from '../blocker.js'
import { endItself, type Step } from '../step.js'

export interface SignalBlocker extends Waking {
  kind: 'signal'
  /** Names without SIG: those that it waits for, or those that it has a handler for. */
  signals: string[]
  /** Where they stand: in its memory, as it gave them to the kernel, or in its status. */
  source: 'mem' | 'status'
  /** Whether the wait has a time limit. */
  isTimed: boolean
}

/** Signals that programs are used to, of which none ends a process that has a handler. */
const harmless = ['USR1', 'USR2', 'CONT', 'WINCH', 'CHLD', 'ALRM']

/** @param args of the call */
export function signalWait(pid: number, call: string, args: bigint[]): SignalBlocker {
  const isTimedCall = call === 'rt_sigtimedwait'
  const set = isTimedCall ? readMemory(pid, args[0] ?? 0n, 8) : undefined
  const wanted = set?.length === 8 ? set.readBigUInt64LE() : undefined
  const signals = signalsIn(wanted ?? readStatus(pid)?.caught ?? 0n).map(signalName)
  const signal = signals.find((name) => harmless.includes(name))
  const step: Step = signal === undefined ? endItself(pid) : { do: 'send-signal', pid, signal }
  const source = wanted === undefined ? 'status' : 'mem'
  return {
    kind: 'signal',
    signals,
    source,
    isTimed: isTimedCall && args[2] !== 0n,
    ...noWaker,
    steps: [step],
  }
}

function signalName(number: number): string {
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
  return name?.replace(/^SIG/, '') ?? `${number}`
}
