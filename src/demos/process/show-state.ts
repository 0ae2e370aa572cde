/** The state of a process as the kernel has it now, said as an event. */
import { readStat, type Stat } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'
import { stateOf } from '../shared/process-state.js'

/** @returns what the kernel says of this very process, and not of another one with its pid; undefined when it is gone */
export function readAgain({ pid, startTicks }: Stat): Stat | undefined {
  const stat = readStat(pid)
  return stat?.startTicks === startTicks ? stat : undefined
}

export function showState(stage: Stage, process: Stat): Stat | undefined {
  const stat = readAgain(process)
  const kernel = stat?.state ?? ''
  const state = stat ? stateOf(kernel) : 'gone'
  stage.say({ event: 'state', child: process.pid, state, kernel, source: `/proc/${process.pid}/stat` })
  return stat
}
