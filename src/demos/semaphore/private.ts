/** Semaphores for the processes of one run, which removes them at its end. */
import { DemoFailed } from '../../errors.js'
import { semaphoreAt, unlinkNamed } from '../../ipc/posix-sem.js'
import { privateKey, removeSet } from '../../ipc/sysv-sem.js'
import { readSet } from '../../proc/sysvipc-sem.js'
import type { Stage } from '../../run/stage.js'
import { makeNamedRecorded, makeSetRecorded } from './semaphore.js'

/** A semaphore that this run removes at its end, or earlier. */
export interface PrivateSemaphore<Place> {
  place: Place
  remove(): void
}

/** A System V set without a key, with a semaphore for each value. */
export function makePrivateSet(stage: Stage, ...values: number[]): PrivateSemaphore<{ id: number }> {
  // With the private key (IPC_PRIVATE), semget(2) always creates a set, so this is never undefined.
  const { place, entry } = makeSetRecorded(privateKey, values)!
  return privately(stage, place, `id ${place.id}`, () => {
    if (readSet(place.id)) removeSet(place.id)
    entry.forget()
  })
}

/** A POSIX semaphore with a name of its own. */
export function makePrivateNamed(stage: Stage, value: number): PrivateSemaphore<{ name: string }> {
  for (let number = 1; number < 100; number++) {
    const name = `/osdemo-${process.pid}-${number}`
    const made = makeNamedRecorded(name, value)
    if (!made) continue
    return privately(stage, made.place, name, () => {
      if (semaphoreAt(name)?.ino === made.ino) unlinkNamed(name)
      made.entry.forget()
    })
  }
  throw new DemoFailed('100 semaphores with the names of this run exist already', {
    hint: 'List them: osdemo semaphore list',
  })
}

function privately<Place>(
  { say, scope }: Stage,
  place: Place,
  id: string,
  release: () => void,
): PrivateSemaphore<Place> {
  say({ event: 'created', kind: 'semaphore', id })
  const remove = scope.defer(() => {
    release()
    say({ event: 'removed', kind: 'semaphore', id })
  })
  return { place, remove }
}
