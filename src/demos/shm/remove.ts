/** Removes a System V segment or POSIX shared memory: the tool `shm remove`. */
import { objectUsers } from '../../proc/posix-shm.js'
import type { Demo, Stage } from '../../run/stage.js'
import { sweep } from '../../run/sweep.js'
import { counted } from '../../text.js'
import { inUse } from '../shared/in-use.js'
import { existingObject, removeObject, requireObjects, showObject } from './object.js'
import {
  existing,
  type MemoryChoice,
  named,
  removeNow,
  requireSegments,
  type SegmentChoice,
  showSegment,
} from './segment.js'

export function shmRemove(which: MemoryChoice): Demo {
  return async (stage) => {
    if ('name' in which) removeNamed(stage, which.name)
    else removeChosen(stage, which)
    // Deletes the record of memory that was kept for the user: it is removed now.
    sweep()
  }
}

function removeChosen(stage: Stage, which: SegmentChoice): void {
  requireSegments('shm remove')
  const { id, key } = existing(which, 'look')
  showSegment(stage, id, 'before')
  const isOurs = removeNow(stage, key, id)
  const left = showSegment(stage, id, 'removed, but still attached')
  tellRemoved(stage, named({ key, id }), isOurs)
  if (left) {
    const users = counted(left.attached, 'process is', 'processes are')
    stage.note(`Its memory stays in use until the last detach: ${users} still attached.`, 'closing')
  }
}

function removeNamed(stage: Stage, name: string): void {
  requireObjects('shm remove', name)
  const object = existingObject(name)
  showObject(stage, object, 'before')
  const users = objectUsers(name, object)
  tellRemoved(stage, `shared memory ${name}`, removeObject(stage, object))
  if (users.length > 0) stage.note(`Its memory stays until the last munmap(2): ${inUse(users)}.`, 'closing')
}

function tellRemoved(stage: Stage, name: string, isOurs: boolean): void {
  stage.note(isOurs ? `Removed ${name}.` : `Another process has already removed ${name}.`, 'closing')
}
