/** The state of a process as the kernel has it now, said as an event. */
import type { ProcessState } from '../../events.js'
import { readStat, type Stat } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'

/** Of the kernel's letters, man 5 proc_pid_stat. R is also a process that is ready and has no CPU. */
const states: Record<string, ProcessState> = {
  R: 'running',
  T: 'stopped',
  t: 'stopped',
  Z: 'zombie',
  X: 'gone',
}

/** @returns what the kernel says of this very process, and not of another one with its pid; undefined when it is gone */
export function readAgain({ pid, startTicks }: Stat): Stat | undefined {
  const stat = readStat(pid)
  return stat?.startTicks === startTicks ? stat : undefined
}

export function showState(stage: Stage, process: Stat): Stat | undefined {
  const stat = readAgain(process)
  const kernel = stat?.state ?? ''
  const state = stat ? (states[kernel] ?? 'waiting') : 'gone'
  stage.say({ event: 'state', child: process.pid, state, kernel, source: `/proc/${process.pid}/stat` })
  return stat
}
