/** Whether the namespace of a check is as new again. */
import { readPids } from '../proc/pids.js'
import { isAlive } from '../proc/stat.js'
import { readTable } from '../proc/sysvipc.js'

/** So many dead orphans, which pid 1 does not reap, may stay. */
const mostDead = 100

/** Whether processes or System V objects of earlier checks are left. Only for a namespace of its own. */
export function isAsNew(): boolean {
  const others = readPids().filter((pid) => pid !== process.pid)
  const objects = (['shm', 'msg', 'sem'] as const).flatMap((kind) => readTable(kind) ?? [])
  return objects.length === 0 && others.length < mostDead && !others.some((pid) => isAlive(pid))
}
