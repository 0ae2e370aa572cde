/** What the demos and tools of System V segments share: finding, creating, removing and listing a segment. */
import { DemoFailed, Unavailable } from '../../errors.js'
import { findSegment, makeSegment, permsText, privateKey, removeSegment } from '../../ipc/sysv-shm.js'
import { isRemoved, readSegment, readSegments, type Segment } from '../../proc/sysvipc-shm.js'
import { type LedgerEntry, record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'

/** The key that the lecture uses, 0x11170. */
export const defaultKey = 70_000

/** @throws Unavailable where the kernel does not list its segments */
export function requireSegments(demo: string): Segment[] {
  const segments = readSegments()
  if (segments) return segments
  throw new Unavailable(
    `${demo} needs /proc/sysvipc/shm, which this machine does not have`,
    'Run it on Linux.',
  )
}

export interface NewSegment {
  id: number
  entry: LedgerEntry
}

/**
 * Creates a segment and records it on disk: if the run is killed, the next run or `osdemo clean` removes the segment.
 *
 * @param key 0 creates a segment without a key
 * @returns undefined when a segment with this key exists already
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

/** A segment without a key, for the processes of this run, which removes it at its end. */
export function makePrivateSegment(stage: Stage, size: number): number {
  // With the private key (IPC_PRIVATE), shmget(2) always creates a segment, so this is never undefined.
  const { id, entry } = makeRecorded(stage, privateKey, size, 0o600)!
  stage.scope.defer(() => {
    removeNow(stage, privateKey, id)
    entry.forget()
  })
  return id
}

/**
 * Removes a segment.
 *
 * @param key 0 for a segment without a key
 * @returns false when another process has removed it before
 */
export function removeNow(stage: Stage, key: number, id: number): boolean {
  if (isRemoved(id)) return false
  try {
    removeSegment(id)
  } catch (error) {
    // Removed since the line above.
    if (isRemoved(id)) return false
    throw error
  }
  stage.say({ event: 'removed', kind: 'segment', id: key === 0 ? `id ${id}` : `${key}` })
  return true
}

/** The options that name this segment in another terminal: none for the default key. */
export function keyWords(key: number): string {
  return key === defaultKey ? '' : ` --key ${key}`
}

/** Quotes the kernel's line about a segment. @returns undefined when the segment no longer exists */
export function showSegment({ evidence }: Stage, id: number, about: string): Segment | undefined {
  const segment = readSegment(id)
  if (!segment) return undefined
  const { key, size, mode, attached, removed } = segment
  const value = `key ${key}, shmid ${id}, perms ${permsText(segment)}, size ${size}, nattch ${attached}`
  evidence('/proc/sysvipc/shm', value, about, { data: { key, id, size, mode, attached, removed } })
  return segment
}

/**
 * The segment with this key.
 *
 * @param purpose what its mode must allow
 * @param size 0, or its minimum size in bytes
 * @throws SystemCallError as `findSegment`; DemoFailed when it was removed just after it was found
 */
export function existing(key: number, purpose: 'look' | 'read' | 'write', size = 0): Segment {
  const segment = readSegment(findSegment(key, purpose, size))
  if (!segment)
    throw new DemoFailed(`another process has just removed the segment with key ${key}`, {
      hint: 'Run the command again.',
    })
  return segment
}
