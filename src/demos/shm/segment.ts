/** What the demos and tools of System V segments share: finding, creating, removing and listing a segment. */
import { DemoFailed, Unavailable } from '../../errors.js'
import { findSegment, makeSegment, permsText, privateKey, removeSegment } from '../../ipc/sysv-shm.js'
import { isRemoved, readSegment, readSegments, type Segment } from '../../proc/sysvipc-shm.js'
import { type LedgerEntry, record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'
import { quoted } from '../../shell-quote.js'

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
  stage.say({ event: 'created', kind: 'segment', id: channelOf({ key, id }) })
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
  stage.say({ event: 'removed', kind: 'segment', id: channelOf({ key, id }) })
  return true
}

/** How a user chooses a segment: by its key, which may not exist yet, or by the id of an existing one. */
export type SegmentChoice = { key: number } | { id: number }

/** The same, or POSIX shared memory by its name. */
export type MemoryChoice = SegmentChoice | { name: string }

/** The options that choose this memory in another terminal: none for the default key. */
export function optionsFor(which: MemoryChoice): string {
  if ('name' in which) return ` --name ${quoted(which.name)}`
  if ('id' in which) return ` --id ${which.id}`
  return which.key === defaultKey ? '' : ` --key ${which.key}`
}

/** How sentences name a segment. */
export function named({ key, id }: Pick<Segment, 'key' | 'id'>): string {
  return key === privateKey ? `segment ${id}` : `segment ${id} (key ${key})`
}

/** How events name it: by its key, or by its id where it has none. */
export function channelOf({ key, id }: Pick<Segment, 'key' | 'id'>): string {
  return key === privateKey ? `id ${id}` : `${key}`
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
 * The segment with this key or this id.
 *
 * @param purpose what its mode must allow
 * @param size 0, or its minimum size in bytes
 * @throws SystemCallError as `findSegment`; DemoFailed when no segment has this id, or when it was removed just after it was found
 */
export function existing(which: SegmentChoice, purpose: 'look' | 'read' | 'write', size = 0): Segment {
  const segment = readSegment('id' in which ? which.id : findSegment(which.key, purpose, size))
  if (segment) return segment
  if ('id' in which)
    throw new DemoFailed(`no segment has id ${which.id}`, { hint: 'List the segments: osdemo shm list' })
  throw new DemoFailed(`another process has just removed the segment with key ${which.key}`, {
    hint: 'Run the command again.',
  })
}
