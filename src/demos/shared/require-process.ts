/** A process that the user names by its pid. */
import { OsdemoError } from '../../errors.js'
import { canBeAddressed, readStat, type Stat } from '../../proc/stat.js'

/**
 * @returns what the kernel says of it now
 * @throws OsdemoError exit 1, where there is none or this user may not see it
 */
export function requireProcess(pid: number): Stat {
  const stat = readStat(pid)
  if (stat) return stat
  if (canBeAddressed(pid)) {
    throw new OsdemoError(`process ${pid} cannot be seen by this user: /proc hides it`, 1, {
      hint: 'ask as its owner or as root; see hidepid in man 5 proc',
    })
  }
  throw new OsdemoError(`there is no process ${pid}`, 1, { hint: 'ps -e lists those that there are' })
}
