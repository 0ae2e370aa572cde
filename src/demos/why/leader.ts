/** The process that a report is about. */
import { DemoFailed } from '../../errors.js'
import { readStat, type Stat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import type { Stage } from '../../run/stage.js'
import { requireProcess } from '../shared/require-process.js'

/** A thread has a folder in /proc, too: then its process is meant. */
export function requireLeader(stage: Stage, pid: number): Stat {
  const stat = requireProcess(pid)
  const leader = readStatus(pid)?.tgid
  if (leader === undefined || leader === pid) return stat
  stage.note(`${pid} is a thread of process ${leader}: this report is about the whole process.`, 'aside')
  return requireProcess(leader)
}

/** @throws DemoFailed when the process has exited: what was read since may be about a later one with the same pid */
export function requireSame({ pid, startTicks }: Pick<Stat, 'pid' | 'startTicks'>): void {
  if (readStat(pid)?.startTicks !== startTicks) throw exited(pid)
}

export function exited(pid: number): DemoFailed {
  return new DemoFailed(`process ${pid} exited while osdemo looked at it`, {
    hint: 'List the processes that exist now with: ps -e',
  })
}
