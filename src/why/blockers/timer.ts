/** Waits for time to pass: nanosleep(2) and clock_nanosleep(2). */
import { readTimespec } from '../../proc/process-memory.js'
import { noWaker, type Waking } from '../blocker.js'

export interface TimerBlocker extends Waking {
  kind: 'timer'
  /**
   * What it asked for: a span of time, whose beginning the kernel does not show, or a moment of a clock. Undefined where that may
   * not be read.
   */
  time?: { span: number } | { until: number; clock: Clock; left: number }
}

type Clock = 'CLOCK_REALTIME' | 'CLOCK_MONOTONIC'

/** TIMER_ABSTIME of time.h: the time is a moment, not a span. */
const absolute = 1n

/** @param args of the call; times are in seconds */
export function sleeping(pid: number, call: string, args: bigint[]): TimerBlocker {
  const [clock, flags, address] = call === 'nanosleep' ? [1n, 0n, args[0]] : args
  const asked = address === undefined ? undefined : readTimespec(pid, address)
  const time =
    asked === undefined ? undefined : timeOf(asked, ((flags ?? 0n) & absolute) !== 0n, clock === 0n)
  return { kind: 'timer', ...(time && { time }), ...noWaker, steps: [{ do: 'wait' }] }
}

function timeOf(asked: number, isMoment: boolean, isRealtime: boolean): NonNullable<TimerBlocker['time']> {
  if (!isMoment) return { span: asked }
  const reading = isRealtime ? Date.now() / 1000 : Number(process.hrtime.bigint()) / 1e9
  const clock = isRealtime ? 'CLOCK_REALTIME' : 'CLOCK_MONOTONIC'
  return { until: asked, clock, left: Math.max(0, asked - reading) }
}

/** A process that probably sleeps: its call cannot be seen. */
export const probablySleeping: TimerBlocker = { kind: 'timer', ...noWaker, certain: false }
