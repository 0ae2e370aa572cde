/** The present state of a process, as an event. */
import { readStat, type Stat } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'
import { stateOf } from '../shared/process-state.js'

/** Reads a process again. @returns undefined when it no longer exists, also where another process has got its pid */
export function readAgain({ pid, startTicks }: Stat): Stat | undefined {
  const stat = readStat(pid)
  return stat?.startTicks === startTicks ? stat : undefined
}

/** Reports the present state of a process. @returns undefined when it no longer exists */
export function showState(stage: Stage, process: Stat): Stat | undefined {
  const stat = readAgain(process)
  const kernel = stat?.state ?? ''
  const state = stat ? stateOf(kernel) : 'gone'
  stage.say({ event: 'state', child: process.pid, state, kernel, source: `/proc/${process.pid}/stat` })
  return stat
}
