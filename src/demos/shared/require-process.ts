/** Checks the pid of a process that the user has named. */
import { OsdemoError } from '../../errors.js'
import { canBeAddressed, readStat, type Stat } from '../../proc/stat.js'

/**
 * @returns the process as the kernel describes it now
 * @throws OsdemoError exit 1, where it does not exist or this user may not see it
 */
export function requireProcess(pid: number): Stat {
  const stat = readStat(pid)
  if (stat) return stat
  if (canBeAddressed(pid)) {
    throw new OsdemoError(`process ${pid} is not visible to this user: /proc hides it`, 1, {
      hint: 'Run it as the owner of the process, or as root. See hidepid in proc(5).',
    })
  }
  throw new OsdemoError(`there is no process ${pid}`, 1, { hint: 'List all processes with: ps -e' })
}
