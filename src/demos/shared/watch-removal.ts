/** A process that is blocked in an object is not woken up when another process removes it, so the supervisor checks. */
import type { Stage } from '../../run/stage.js'

/** Milliseconds between two checks. */
const interval = 500

/** Reports once that a thing has been removed while it is in use. @param what as in `the queue /osdemo` */
export function watchRemoval({ scope, say }: Stage, what: string, isRemoved: () => boolean): void {
  const watch = setInterval(() => {
    if (!isRemoved()) return
    clearInterval(watch)
    say({
      event: 'note',
      text: `Another process removed ${what}, and no process can open it now. Stop with Ctrl-C and start again.`,
      role: 'next',
    })
  }, interval)
  scope.defer(() => clearInterval(watch))
}
