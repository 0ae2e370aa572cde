/** A named POSIX semaphore: no undo, and a removal that no process notices. */
import { semaphoreAt, semaphoreFile } from '../../ipc/posix-sem.js'
import { openSemaphore } from '../../ipc/semaphore.js'
import { isAlive, readStat } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'
import { lastCallReturned } from '../shared/claim-waiting.js'
import { makePrivateNamed } from './private.js'
import { enter, kill, untilInside, type Worker } from './workers.js'

export async function showNamed(stage: Stage, workers: readonly Worker[]): Promise<void> {
  const { place, remove } = makePrivateNamed(stage, 1)
  const semaphore = openSemaphore(place)
  stage.scope.defer(() => semaphore.close())
  const show = (about: string) => {
    const value = semaphore.value()
    stage.evidence('sem_getvalue(3)', `${value}`, about, { data: { name: place.name, value: value ?? null } })
    return value
  }
  const left = workers.filter(({ state }) => state !== 'killed')
  // Two of the four have been killed. The one that is inside need not leave: the set has been removed.
  const [waiter, holder] = left as [Worker, Worker]
  stage.note('The two processes that are left open a POSIX semaphore of value 1. One enters, one waits.')
  for (const worker of [holder, waiter]) {
    worker.state = 'outside'
    worker.actor.tell(`open ${place.name}`)
  }
  enter(holder)
  await untilInside(stage, [holder], 1)
  enter(waiter)
  await stage.poll(() => isAsleepInCall(waiter) || waiter.state !== 'waiting')
  show('one process is inside, one waits')
  stage.note('SIGKILL kills the one inside.')
  await kill(holder)
  const value = show(`${holder.name} is killed`)
  stage.claim(
    'semaphore/posix-has-no-undo',
    `A POSIX semaphore has no SEM_UNDO: the value is still 0, and ${waiter.name} waits.`,
    value === 0 && waiter.state === 'waiting' && isAlive(waiter.id) && !isAlive(holder.id),
  )

  remove()
  const isUnlinked = semaphoreAt(place.name) === undefined
  stage.evidence(semaphoreFile(place.name), isUnlinked ? 'ENOENT' : 'exists', 'after sem_unlink(3)')
  const stillWaits = waiter.state === 'waiting'
  semaphore.post()
  await untilInside(stage, [waiter], 1)
  stage.claim(
    'semaphore/unlink-removes-only-the-name',
    `sem_unlink(3) removes only the name: ${waiter.name} waited on, and a post let it continue.`,
    isUnlinked && stillWaits && waiter.state === 'inside',
  )
  waiter.actor.tell('end')
  await waiter.actor.ended
}

/** The C library does not report how many processes wait. */
function isAsleepInCall({ id, actor }: Worker): boolean {
  return !lastCallReturned(actor) && readStat(id, id)?.state === 'S'
}
