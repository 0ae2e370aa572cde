/** Who uses a thing that therefore stays, in words. */
import { readStat } from '../../proc/stat.js'

/** @param users their pids, at least one */
export function inUse(users: number[]): string {
  const names = users.map((pid) => `process ${pid} (${readStat(pid)?.comm ?? 'gone by now'})`)
  return `${names.join(', ')} ${users.length === 1 ? 'uses it or waits' : 'use it or wait'} for it`
}
