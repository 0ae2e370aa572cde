/** What the tools of semaphores share: finding and creating one, looking at it, and keeping it for other terminals. */
import type { Stats } from 'node:fs'
import { OsdemoError, Unavailable } from '../../errors.js'
import { makeNamed, semaphoreAt } from '../../ipc/posix-sem.js'
import { openSemaphore, type Semaphore, type SemaphorePlace } from '../../ipc/semaphore.js'
import { findSet, makeSet, readSemaphore } from '../../ipc/sysv-sem.js'
import { readSets } from '../../proc/sysvipc-sem.js'
import { keepFound, type LedgerEntry, readRecords, record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'
import { sweepOwn } from '../../run/sweep.js'
import { quoted } from '../../shell-quote.js'
import { inUse } from '../shared/in-use.js'

export { largestValue as largestNamed } from '../../ipc/posix-sem.js'
export { largestValue } from '../../ipc/sysv-sem.js'

/** The key that both terminals use by default, 0x11171. */
export const defaultKey = 70_001

/** How a user chooses a semaphore: the first of the System V set with a key, or a POSIX semaphore by its name. */
export type SemaphoreChoice = { key: number } | { name: string }

/** The semaphore of a tool. */
export interface Joined {
  semaphore: Semaphore
  place: SemaphorePlace
  /** How sentences name it. */
  title: string
  /** Whether this run created it. */
  isNew: boolean
  /** Reads what is known of it, and shows it. */
  look(about: string): Look | undefined
  /** Makes it stay after this run. */
  keep(): void
}

export interface Look {
  value: number
  /** How many threads wait for it, and the process that changed it last, 0 for none: known of a System V semaphore only. */
  waiting?: number
  lastUser?: number
}

/** The command for this semaphore, such as `osdemo semaphore post`. */
export function words(command: 'wait' | 'post' | 'remove', choice: SemaphoreChoice): string {
  if ('name' in choice) return `osdemo semaphore ${command} --name ${quoted(choice.name)}`
  return `osdemo semaphore ${command}${choice.key === defaultKey ? '' : ` --key ${choice.key}`}`
}

export function titleOf(choice: SemaphoreChoice): string {
  return 'name' in choice ? `semaphore ${choice.name}` : `the semaphore with key ${choice.key}`
}

/** How events and records name it. */
export function nameOf(choice: SemaphoreChoice): string {
  return 'name' in choice ? choice.name : `${choice.key}`
}

/** @throws Unavailable where the kernel does not list its semaphores */
export function requireSets(command: string): void {
  if (readSets()) return
  throw new Unavailable(
    `${command} needs /proc/sysvipc/sem, which this machine does not have`,
    'Run it on Linux.',
  )
}

/**
 * Finds the semaphore, or creates it. One that this run created is removed at its end, unless `keep` was called or another process
 * waits for it.
 *
 * @param value of a new one
 * @throws SystemCallError, UsageError, Unavailable
 */
export function joinSemaphore(stage: Stage, choice: SemaphoreChoice, value: number): Joined {
  for (;;) {
    const found = findPlace(choice)
    const made = found ? undefined : makeRecorded(stage, choice, value)
    const place = found ?? made?.place
    const semaphore = place && openIfThere(place)
    // Another process has just created or removed it.
    if (!place || !semaphore) continue
    stage.scope.defer(() => {
      semaphore.close()
      if (made) letGo(stage, choice, made.entry)
    })
    return {
      semaphore,
      place,
      title: titleOf(choice),
      isNew: made !== undefined,
      look: (about) => look(stage, place, semaphore, about),
      keep: () => (made ? made.entry.keep() : keepOfOthers(choice)),
    }
  }
}

function findPlace(choice: SemaphoreChoice): SemaphorePlace | undefined {
  if ('name' in choice) return semaphoreAt(choice.name) && choice
  return unlessMissing(() => ({ id: findSet(choice.key, 'change') }))
}

function openIfThere(place: SemaphorePlace): Semaphore | undefined {
  return unlessMissing(() => openSemaphore(place))
}

/** Undefined where a call fails with ENOENT. */
export function unlessMissing<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (error instanceof OsdemoError && error.errno === 'ENOENT') return undefined
    throw error
  }
}

/** Undefined when another process has just created it. */
function makeRecorded(stage: Stage, choice: SemaphoreChoice, value: number) {
  const made = 'name' in choice ? makeNamedRecorded(choice.name, value) : makeSetRecorded(choice.key, [value])
  if (made) stage.say({ event: 'created', kind: 'semaphore', id: nameOf(choice) })
  return made
}

/** A semaphore that is recorded on disk: if the run is killed, the next run or `osdemo clean` removes it. */
interface Recorded<Place> {
  place: Place
  entry: LedgerEntry
}

/** Creates a set. Undefined when one with this key exists already. @throws SystemCallError */
export function makeSetRecorded(
  key: number,
  values: readonly number[],
): Recorded<{ id: number }> | undefined {
  const made = recorded(`${key}`, () => makeSet(key, values))
  return made && { place: { id: made.made }, entry: made.entry }
}

/** Creates a named semaphore. Undefined when one with this name exists already. @throws SystemCallError, UsageError */
export function makeNamedRecorded(
  name: string,
  value: number,
): (Recorded<{ name: string }> & { ino: number }) | undefined {
  const made = recorded(name, () => {
    const semaphore = makeNamed(name, value)
    semaphore?.close()
    // Undefined where another process has just removed it again.
    return semaphore && semaphoreAt(name)
  })
  return made && { place: { name }, entry: made.entry, ino: made.made.ino }
}

/** Records that a semaphore will be created, and then which one it is. @param make returns undefined when it exists already */
function recorded<Made extends number | Stats>(
  name: string,
  make: () => Made | undefined,
): { made: Made; entry: LedgerEntry } | undefined {
  const entry = record('semaphore', name)
  let made: Made | undefined
  try {
    made = make()
  } finally {
    if (made === undefined) entry.forget()
  }
  if (made === undefined) return undefined
  if (typeof made === 'number') entry.made(made)
  else entry.made(made.ino, made.dev)
  return { made, entry }
}

/** Removes what this run created and has not kept. It stays as long as a process in another terminal waits for it. */
function letGo({ say }: Stage, choice: SemaphoreChoice, entry: LedgerEntry): void {
  entry.release()
  for (const { kind, name, users } of sweepOwn()) {
    if (users.length === 0) say({ event: 'removed', kind, id: name })
    if (users.length > 0 && kind === 'semaphore' && name === nameOf(choice))
      say({ event: 'note', text: `The semaphore stays: ${inUse(users)}.`, role: 'aside' })
  }
}

/** Another run created it, and ended without keeping it, while this run was waiting for it. */
function keepOfOthers(choice: SemaphoreChoice): void {
  for (const found of readRecords())
    if (
      found.kind === 'semaphore' &&
      found.name === nameOf(choice) &&
      (found.state === 'released' || found.run.state === 'dead')
    )
      keepFound(found)
}

function look(stage: Stage, place: SemaphorePlace, semaphore: Semaphore, about: string): Look | undefined {
  if ('name' in place) {
    const value = semaphore.value()
    if (value === undefined) return undefined
    stage.evidence('sem_getvalue(3)', `${value}`, about, { data: { name: place.name, value } })
    return { value }
  }
  const state = readSemaphore(place.id, 0)
  if (!state) return undefined
  const { value, waitForIncrease: waiting, lastUser } = state
  stage.evidence('semctl(2)', `GETVAL ${value}, GETNCNT ${waiting}, GETPID ${lastUser}`, about, {
    data: { id: place.id, value, waiting, lastUser },
  })
  return { value, waiting, lastUser }
}
