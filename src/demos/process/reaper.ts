/** The adopter of a process whose parent has died: the kernel reparents the process to it, and it has to reap it. */
import { readStat, type Stat } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'
import { readAgain, showState } from './show-state.js'

/** `pid 1 (systemd)`. */
export function named(pid: number): string {
  return `pid ${pid} (${readStat(pid)?.comm ?? 'name not visible'})`
}

/**
 * Waits until the adopter reaps a zombie, and reports whether it did. This is no claim: the init of a container may take a
 * second or two, and a program that is no init may never reap.
 *
 * @param patience in milliseconds; with 0 there is one look and no wait
 */
export async function seeReaped(
  stage: Stage,
  zombie: Stat,
  adopter: string,
  patience: number,
): Promise<void> {
  const gone = await stage.poll(() => readAgain(zombie) === undefined, patience)
  showState(stage, zombie)
  if (gone) stage.note(`Zombie ${zombie.pid} no longer exists: ${adopter} reaped it.`)
  else if (patience === 0) stage.note(`Not observed: ${adopter} had not yet reaped ${zombie.pid}.`, 'aside')
  else stage.note(`Not observed: ${adopter} did not reap ${zombie.pid} within ${patience / 1000} s.`, 'aside')
}
