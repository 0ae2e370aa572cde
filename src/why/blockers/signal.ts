/** Waits for a signal: pause(2), sigsuspend(2), sigtimedwait(2). */
import { constants } from 'node:os'
import { readMemory } from '../../proc/process-memory.js'
import { readStatus, signalsIn } from '../../proc/status.js'
import { noWaker, type Waking } from '../blocker.js'
import type { Step } from '../step.js'

export interface SignalBlocker extends Waking {
  kind: 'signal'
  /** Names without SIG: those that it waits for, or those that it has a handler for. */
  signals: string[]
  /** Where they come from: its memory, as it passed them to the call, or its status. */
  source: 'mem' | 'status'
  /** Whether the wait has a time limit. */
  isTimed: boolean
}

/** Signals with a handler in many programs, whose handler seldom makes the program exit. */
const harmless = ['USR1', 'USR2', 'CONT', 'WINCH', 'CHLD', 'ALRM']

/** @param args of the call */
export function signalWait(pid: number, call: string, args: bigint[]): SignalBlocker {
  const isTimedCall = call === 'rt_sigtimedwait'
  const set = isTimedCall ? readMemory(pid, args[0] ?? 0n, 8) : undefined
  const wanted = set?.length === 8 ? set.readBigUInt64LE() : undefined
  const signals = signalsIn(wanted ?? readStatus(pid)?.caught ?? 0n).map(signalName)
  const signal = signals.find((name) => harmless.includes(name))
  const send: Step[] = signal === undefined ? [] : [{ do: 'send-signal', pid, signal }]
  const isTimed = isTimedCall && args[2] !== 0n
  const source = wanted === undefined ? 'status' : 'mem'
  return {
    kind: 'signal',
    signals,
    source,
    isTimed,
    ...noWaker,
    steps: isTimed ? [...send, { do: 'wait' }] : send,
  }
}

function signalName(number: number): string {
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
  return name?.replace(/^SIG/, '') ?? `${number}`
}
