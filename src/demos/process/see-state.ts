/** Reports of the state that the kernel shows for a child. */
import type { ProcessState } from '../../events.js'
import { readStat } from '../../proc/stat.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'

/** How long to wait for a state, in milliseconds. On a busy machine a child waits long for the CPU that it needs to stop or exit. */
export const patience = 20_000

/** Reports the state of a child, with the kernel's letter for it. */
export function sayState(stage: Stage, { id }: Pick<Actor, 'id'>, state: ProcessState): void {
  const kernel = readStat(id)?.state ?? ''
  stage.say({ event: 'state', child: id, state, kernel, source: `/proc/${id}/stat` })
}

/** Waits until the kernel shows a child in a state, and reports the state. @returns whether it did */
export async function seeState(
  stage: Stage,
  child: Actor,
  state: ProcessState,
  letter: string,
): Promise<boolean> {
  const seen = await stage.poll(() => readStat(child.id)?.state === letter, patience)
  if (seen) sayState(stage, child, state)
  return seen ?? false
}
