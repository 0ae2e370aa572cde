/** Who waits for a process whose own parent is dead: the kernel gives it to another one. */
import { readStat, type Stat } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'
import { readAgain, showState } from './show-state.js'

/** `pid 1 (systemd)`. */
export function named(pid: number): string {
  return `pid ${pid} (${readStat(pid)?.comm ?? 'its name cannot be seen'})`
}

/**
 * Looks until a zombie is reaped by the process that adopted it, and says so. Whether and when that is done is up to the
 * adopter: that of a container may take a second or two, and a program that is no init may never do it.
 *
 * @param patience in milliseconds
 */
export async function seeReaped(
  stage: Stage,
  zombie: Stat,
  adopter: string,
  patience: number,
): Promise<void> {
  const gone = await stage.poll(() => readAgain(zombie) === undefined, patience)
  showState(stage, zombie)
  if (gone) return stage.note(`${adopter} has waited for ${zombie.pid}, as an init does: the zombie is gone`)
  const why = `${adopter} has not waited for it within ${patience / 1000} s`
  stage.note(`that ${zombie.pid} is reaped by its new parent cannot be seen here: ${why}`, 'aside')
}
