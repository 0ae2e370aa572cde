/** Finds or creates the POSIX shared memory that `shm write --name` writes to. */
import { closeSync } from 'node:fs'
import { objectAt, openObject } from '../../ipc/posix-shm.js'
import type { Stage } from '../../run/stage.js'
import {
  existingObject,
  makeRecordedObject,
  type NamedObject,
  removeObject,
  requireObjects,
  showObject,
} from './object.js'
import { defaultSize, requireRoom, type ShmWriteOptions, type Target } from './write.js'

/** @throws DemoFailed when the text does not fit; then no object was created or changed */
export function findOrMakeObject(
  stage: Stage,
  name: string,
  { text, size: wanted = 0, mode, hold }: ShmWriteOptions,
): Target {
  requireObjects('shm write', name)
  const needed = Buffer.byteLength(text) + 1
  const hint = `Write with --size ${needed} or more.`
  for (;;) {
    if (objectAt(name)) {
      const { stats, ...object } = existingObject(name)
      const size = Math.max(stats.size, wanted)
      requireRoom(needed, size, hint, 'shared memory')
      stage.note(`Its mode stays: shared memory ${name} exists already.`, 'aside')
      if (hold) stage.scope.defer(() => removeObject(stage, object))
      // Only the pages of the text, where the object need not grow: another program may never want the others.
      return targetOf(stage, object, { size, room: size > stats.size ? size : needed }, () => {})
    }
    const size = wanted || defaultSize
    requireRoom(needed, size, hint, 'shared memory')
    const made = makeRecordedObject(stage, name, mode)
    if (!made) {
      // It exists now. This throws where it is no object, but a folder or a symbolic link.
      closeSync(openObject(name, 'write'))
      continue
    }
    const { object, entry } = made
    let kept = false
    stage.scope.defer(() => {
      if (kept) return
      removeObject(stage, object)
      entry.forget()
    })
    return targetOf(stage, object, { size, room: size }, () => {
      kept = true
      entry.keep()
    })
  }
}

function targetOf(
  stage: Stage,
  object: NamedObject,
  bytes: { size: number; room: number },
  keep: () => void,
): Target {
  const { name } = object
  const show = (about: string) => showObject(stage, object, about) !== undefined
  return { place: object, ...bytes, channel: name, named: `shared memory ${name}`, show, keep }
}
