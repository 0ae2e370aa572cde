/** What the System V demos share: a segment that is found or made, and what the kernel lists of it. */
import { DemoFailed, Unavailable } from '../../errors.js'
import { findSegment, makeSegment, privateKey, removeSegment } from '../../ipc/sysv-shm.js'
import { isRemoved, readSegment, readSegments, type Segment } from '../../proc/sysvipc-shm.js'
import { type LedgerEntry, record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'

/** The key of the lecture. */
export const defaultKey = 70_000

/** @throws Unavailable where the kernel does not list its segments */
export function requireSegments(demo: string): Segment[] {
  const segments = readSegments()
  if (segments) return segments
  throw new Unavailable(`${demo} needs /proc/sysvipc/shm, and this machine has none`, 'run it on Linux')
}

export interface NewSegment {
  id: number
  entry: LedgerEntry
}

/**
 * Makes a segment and records it, so that it goes away with the run, whatever becomes of that.
 *
 * @param key 0 makes one without
 * @returns undefined when there is one under this key already
 * @throws SystemCallError as `makeSegment`
 */
export function makeRecorded(stage: Stage, key: number, size: number, mode: number): NewSegment | undefined {
  const entry = record('segment', `${key}`)
  let id: number | undefined
  try {
    id = makeSegment(key, size, mode)
  } finally {
    if (id === undefined) entry.forget()
  }
  if (id === undefined) return undefined
  entry.made(id)
  stage.say({ event: 'created', kind: 'segment', id: key === 0 ? `id ${id}` : `${key}` })
  return { id, entry }
}

/** A segment without a key, for the processes of this run; it is removed at its end. */
export function makePrivateSegment(stage: Stage, size: number): number {
  // There is never a segment under the private key already, so one is made.
  const { id, entry } = makeRecorded(stage, privateKey, size, 0o600)!
  stage.scope.defer(() => {
    removeSegment(id)
    entry.forget()
    stage.say({ event: 'removed', kind: 'segment', id: `id ${id}` })
  })
  return id
}

/** Removes a segment that may be gone already. @param key 0 for one without */
export function removeNow(stage: Stage, key: number, id: number): void {
  // Somebody else may have been first.
  if (isRemoved(id)) return
  removeSegment(id)
  stage.say({ event: 'removed', kind: 'segment', id: key === 0 ? `id ${id}` : `${key}` })
}

/** Says what the kernel lists of a segment. */
export function showSegment({ evidence }: Stage, id: number, about: string): Segment | undefined {
  const segment = readSegment(id)
  if (!segment) return undefined
  const { key, size, mode, attached, removed } = segment
  const marked = removed ? ', marked as removed' : ''
  const value = `key ${key}, id ${id}, ${size} bytes, mode ${mode.toString(8)}, attached ${attached}${marked}`
  evidence('/proc/sysvipc/shm', value, about, { data: { key, id, size, mode, attached, removed } })
  return segment
}

/**
 * The segment under a key, as the kernel lets us use it.
 *
 * @param purpose what its mode must let us do
 * @param size 0, or how large it must be at least, in bytes
 * @throws SystemCallError as `findSegment`; DemoFailed when it went away meanwhile
 */
export function existing(key: number, purpose: 'look' | 'read' | 'write', size = 0): Segment {
  const segment = readSegment(findSegment(key, purpose, size))
  if (!segment)
    throw new DemoFailed(`the segment under key ${key} was removed just now`, { hint: 'try again' })
  return segment
}
