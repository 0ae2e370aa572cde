/** Whether a thread gets anywhere: how often it has left a CPU, and how long it was on one. */
import { folder, readText } from './read.js'
import { parseSwitches } from './sched.js'
import { parseStat } from './stat.js'

export interface Progress {
  /** The kernel's letter for its state. */
  state: string
  /** How often it has left a CPU, by itself or not: man 5 proc_pid_status. A thread that sleeps on has the same number. */
  switches: number
  /** Those of them that were by itself: who only computes has none, who has slept in between has more than before. */
  voluntary: number
  /** Clock ticks (1/100 s) on a CPU. */
  cpuTicks: number
}

/** Undefined where the thread is gone or cannot be seen. */
export function readProgress(pid: number, tid?: number): Progress | undefined {
  const stat = readText(`${folder(pid, tid)}/stat`)
  const status = readText(`${folder(pid, tid)}/status`)
  if (stat === undefined || status === undefined) return undefined
  const { state, cpuTicks } = parseStat(stat)
  const { voluntary = 0, involuntary = 0 } = parseSwitches(status) ?? {}
  return { state, cpuTicks, voluntary, switches: voluntary + involuntary }
}
