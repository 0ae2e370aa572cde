/** What the demos and tools of POSIX shared memory share: finding, creating, removing and listing an object. */
import { closeSync, fstatSync, type Stats, statSync } from 'node:fs'
import { DemoFailed, errnoOf, Unavailable } from '../../errors.js'
import {
  identityOf,
  isObjectRemoved,
  makeObject,
  type ObjectIdentity,
  objectAt,
  objectFolder,
  requireName,
  setMode,
  unlinkObject,
} from '../../ipc/posix-shm.js'
import { type LedgerEntry, record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'

/** An object and its identity. */
export type NamedObject = { name: string } & ObjectIdentity

/** @throws Unavailable where there is no /dev/shm; UsageError when this cannot be the name of an object */
export function requireObjects(demo: string, name?: string): void {
  if (name !== undefined) requireName(name)
  if (isFolder()) return
  throw new Unavailable(
    `${demo} needs ${objectFolder}, which this machine does not have`,
    process.platform === 'linux'
      ? `Mount it as root: mount -t tmpfs tmpfs ${objectFolder}`
      : 'Run it on Linux.',
  )
}

function isFolder(): boolean {
  try {
    return statSync(objectFolder).isDirectory()
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false
  }
}

/**
 * Creates an object of 0 bytes and records it on disk: if the run is killed, the next run or `osdemo clean` removes it.
 *
 * @returns undefined when an object with this name exists already
 */
export function makeRecordedObject(
  stage: Stage,
  name: string,
  mode: number,
): { object: NamedObject; entry: LedgerEntry } | undefined {
  const entry = record('object', name)
  let fd: number | undefined
  try {
    fd = makeObject(name)
  } finally {
    if (fd === undefined) entry.forget()
  }
  if (fd === undefined) return undefined
  const object = { name, ...identityOf(fstatSync(fd)) }
  entry.made(object.ino, object.device)
  setMode(fd, mode)
  closeSync(fd)
  stage.say({ event: 'created', kind: 'object', id: name })
  return { object, entry }
}

/** An object for this run alone, which removes it at its end. */
export function makePrivateObject(stage: Stage, what: string): NamedObject {
  // Another run of this pid namespace cannot have this pid. One of another namespace may share /dev/shm.
  for (let n = 0; ; n++) {
    const made = makeRecordedObject(stage, `/osdemo-${what}-${process.pid}${n === 0 ? '' : `-${n}`}`, 0o600)
    if (!made) continue
    stage.scope.defer(() => {
      removeObject(stage, made.object)
      made.entry.forget()
    })
    return made.object
  }
}

/** Removes an object. @returns false when another process has removed or replaced it before */
export function removeObject(stage: Stage, object: NamedObject): boolean {
  if (isObjectRemoved(object.name, object)) return false
  try {
    unlinkObject(object.name)
  } catch (error) {
    // Removed since the line above.
    if (isObjectRemoved(object.name, object)) return false
    throw error
  }
  stage.say({ event: 'removed', kind: 'object', id: object.name })
  return true
}

/** @throws DemoFailed when there is none */
export function existingObject(name: string): NamedObject & { stats: Stats } {
  const stats = objectAt(name)
  if (stats) return { name, ...identityOf(stats), stats }
  throw new DemoFailed(`there is no shared memory with the name ${name}`, {
    hint: 'List the objects: osdemo shm list',
  })
}

/** Quotes what stat(2) returns for an object. @returns undefined when it no longer exists */
export function showObject(stage: Stage, object: NamedObject, about: string): Stats | undefined {
  const stats = objectAt(object.name)
  if (!stats || isObjectRemoved(object.name, object)) return undefined
  const { size, ino, uid } = stats
  const mode = stats.mode & 0o777
  // Without the mode: that of a new object only marks it as ours.
  const value = `size ${size}, uid ${uid}, inode ${ino}`
  stage.evidence(`stat(2) of ${objectFolder}${object.name}`, value, about, { data: { size, mode, uid, ino } })
  return stats
}
