/** Removes a semaphore: the tool `semaphore remove`. */
import { DemoFailed } from '../../errors.js'
import { semaphoreAt, unlinkNamed } from '../../ipc/posix-sem.js'
import { findSet, readSemaphore, removeSet } from '../../ipc/sysv-sem.js'
import { mappers } from '../../proc/posix-shm.js'
import { readSet } from '../../proc/sysvipc-sem.js'
import type { Demo, Stage } from '../../run/stage.js'
import { sweep } from '../../run/sweep.js'
import { counted, sumOf } from '../../text.js'
import { inUse } from '../shared/in-use.js'
import { nameOf, requireSets, type SemaphoreChoice, titleOf } from './semaphore.js'

export function semaphoreRemove(choice: SemaphoreChoice): Demo {
  return async (stage) => {
    requireSets('semaphore remove')
    const effect = 'name' in choice ? removeNamed(choice.name) : removeKeyed(stage, choice.key)
    stage.say({ event: 'removed', kind: 'semaphore', id: nameOf(choice) })
    stage.note(`Removed ${titleOf(choice)}.`, 'closing')
    if (effect) stage.note(effect, 'closing')
    // Deletes the record of a semaphore that was kept for the user: it is removed now.
    sweep()
  }
}

/** @returns what that means for other processes, if there are any */
function removeKeyed(stage: Stage, key: number): string | undefined {
  const id = findSet(key, 'look')
  const numbers = Array.from({ length: readSet(id)?.semaphores ?? 0 }, (_, number) => number)
  const states = numbers.flatMap((number) => readSemaphore(id, number) ?? [])
  const waiting = states
    .map(({ waitForIncrease, waitForZero }) => waitForIncrease + waitForZero)
    .reduce(sumOf, 0)
  const values = states.map(({ value }) => value)
  stage.evidence('semctl(2)', `GETALL ${values.join(' ')}`, 'before', { data: { id, values, waiting } })
  removeSet(id)
  return waiting === 0
    ? undefined
    : `${counted(waiting, 'process that waited', 'processes that waited')} for it got EIDRM.`
}

function removeNamed(name: string): string | undefined {
  const stats = semaphoreAt(name)
  if (!stats)
    throw new DemoFailed(`there is no semaphore ${name}`, {
      hint: 'List the semaphores: osdemo semaphore list',
    })
  const users = mappers({ device: stats.dev, ino: stats.ino })
  unlinkNamed(name)
  return users.length === 0 ? undefined : `It exists until the last process closes it: ${inUse(users)}.`
}
