/** Which processes use an object that therefore stays. */
import { readStat } from '../../proc/stat.js'

/**
 * `in use by cat (pid 812) and sh (pid 900)`
 *
 * @param users their pids, at least one
 */
export function inUse(users: number[]): string {
  const names = users.map((pid) => `${readStat(pid)?.comm ?? 'a process'} (pid ${pid})`)
  return `in use by ${names.join(' and ')}`
}
