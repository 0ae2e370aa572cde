/** Waits for a signal: pause(2), sigsuspend(2), sigtimedwait(2). */
import { constants } from 'node:os'
import { readMemory } from '../../proc/process-memory.js'
import { readStatus, signalsIn } from '../../proc/status.js'
import { noWaker, type Waking } from '../blocker.js'
import type { Step } from '../step.js'

export interface SignalBlocker extends Waking {
  kind: 'signal'
  /** Names without SIG: those that it waits for, or those that it has a handler for and does not block. */
  signals: string[]
  /** Those that it has a handler for, and blocks: they stay pending and do not end the wait. */
  blocked: string[]
  /** Of the blocked ones, those that were sent already. */
  pending: string[]
  /** Where they come from: its memory, as it passed them to the call, or its status. */
  source: 'mem' | 'status'
  /** Whether the wait has a time limit. */
  isTimed: boolean
}

/** Signals with a handler in many programs, whose handler seldom makes the program exit. */
const harmless = ['USR1', 'USR2', 'CONT', 'WINCH', 'CHLD', 'ALRM']

/** @param args of the call */
export function signalWait(pid: number, tid: number, call: string, args: bigint[]): SignalBlocker {
  const isTimedCall = call === 'rt_sigtimedwait'
  const set = isTimedCall ? readMemory(pid, args[0] ?? 0n, 8) : undefined
  const wanted = set?.length === 8 ? set.readBigUInt64LE() : undefined
  // During sigsuspend(2) the kernel shows the mask of that call.
  const { caught = 0n, blocked = 0n, pending = 0n } = readStatus(pid, tid) ?? {}
  const signals = namesIn(wanted ?? caught & ~blocked)
  const isTimed = isTimedCall && args[2] !== 0n
  const send = sendHarmless(pid, signals)
  return {
    kind: 'signal',
    signals,
    blocked: wanted === undefined ? namesIn(caught & blocked) : [],
    pending: wanted === undefined ? namesIn(caught & blocked & pending) : [],
    source: wanted === undefined ? 'status' : 'mem',
    isTimed,
    ...noWaker,
    steps: isTimed ? [...send, { do: 'wait' }] : send,
  }
}

/** The step that sends one of these signals, where one of them is harmless. */
export function sendHarmless(pid: number, signals: readonly string[]): Step[] {
  const signal = signals.find((name) => harmless.includes(name))
  return signal === undefined ? [] : [{ do: 'send-signal', pid, signal }]
}

/** The names of the signals in a set, without SIG. */
export function namesIn(set: bigint): string[] {
  return signalsIn(set).map(signalName)
}

function signalName(number: number): string {
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
  return name?.replace(/^SIG/, '') ?? `${number}`
}
