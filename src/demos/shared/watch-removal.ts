/** Somebody may remove a thing while it is in use: an actor that waits in it is told nothing, so the supervisor looks. */
import type { Stage } from '../../run/stage.js'

/** Every how many milliseconds it is looked. */
const lookEvery = 500

/** Says once that a thing has been removed. @param what as in `the queue /osdemo` */
export function watchRemoval({ scope, say }: Stage, what: string, isRemoved: () => boolean): void {
  const watch = setInterval(() => {
    if (!isRemoved()) return
    clearInterval(watch)
    say({
      event: 'note',
      text: `somebody has removed ${what}: no other process can open it any more`,
      role: 'aside',
    })
  }, lookEvery)
  scope.defer(() => clearInterval(watch))
}
