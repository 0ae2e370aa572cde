/**
 * System V semaphores, sysvipc(7). A set of semaphores has an id and usually a key, by which unrelated processes find it. It stays
 * in the kernel until a process removes it. `ipcs -s` and /proc/sysvipc/sem list the sets.
 */
import { errnoOf, systemCallError } from '../errors.js'
import { semctl, semget, semop } from './libc.js'
import { mark } from './mark.js'

// sys/ipc.h and sys/sem.h of Linux.
const IPC_CREAT = 0o1000
const IPC_EXCL = 0o2000
const IPC_NOWAIT = 0o4000
const SEM_UNDO = 0o10000
const IPC_RMID = 0
const GETPID = 11
const GETVAL = 12
const GETNCNT = 14
const GETZCNT = 15

/** The largest value of a semaphore: SEMVMX of linux/sem.h. */
export const largestValue = 32_767

/** The key that always creates a new set, which no other process can find: IPC_PRIVATE. */
export const privateKey = 0

/** An operation of semop(2). */
export interface Operation {
  /** The number of the semaphore in its set. */
  semaphore: number
  /** Added to its value, which is never negative: the call waits before. With 0 it waits until the value is 0. */
  change: number
  /** The kernel takes the change back when the process exits, also when it is killed: SEM_UNDO. */
  undo?: boolean
}

/**
 * Creates a set with the mark of osdemo (mark.ts). Its semaphores get their values with semop(2), not with SETVAL: SETVAL would
 * lose what another process that has already found the set added.
 *
 * @param key any key, or `privateKey`
 * @param values of its semaphores
 * @returns its id; undefined when a set with this key exists already
 * @throws SystemCallError: ENOSPC when there are too many sets or semaphores, EINVAL above the limits in /proc/sys/kernel/sem
 */
export function makeSet(key: number, values: readonly number[], mode = 0o600): number | undefined {
  try {
    const id = semget(key, values.length, mode | mark | IPC_CREAT | IPC_EXCL)
    // Not for 0, the value that they have: this process would be the last that changed it, and look like a lock holder.
    const changes = values.flatMap((change, semaphore) => (change === 0 ? [] : [{ semaphore, change }]))
    if (changes.length > 0) operate(id, changes)
    return id
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    const which = key === privateKey ? '' : ` with key ${key}`
    throw systemCallError(error, `cannot create a semaphore set${which}`, (errno) => makeHints[errno])
  }
}

const makeHints: Record<string, string> = {
  EINVAL: 'Use fewer semaphores. The limits are in /proc/sys/kernel/sem',
  ENOSPC: 'Remove a set that osdemo semaphore list shows. The limits are in /proc/sys/kernel/sem',
}

/** The permission bits that semget(2) checks, by what the caller wants to do with the set. */
const wanted = { look: 0, read: 0o400, change: 0o600 }

/**
 * Finds the set with this key.
 *
 * @param purpose what its mode must allow
 * @throws SystemCallError: ENOENT when there is none, EACCES when its mode forbids the purpose
 */
export function findSet(key: number, purpose: keyof typeof wanted): number {
  try {
    return semget(key, 0, wanted[purpose])
  } catch (error) {
    throw systemCallError(error, `cannot use the semaphore set with key ${key}`, (errno) => useHints[errno])
  }
}

const useHints: Record<string, string> = {
  ENOENT: 'List the semaphores: osdemo semaphore list',
  EACCES: 'Use another --key, or ask the owner of the set. List the owners: osdemo semaphore list',
  EIDRM: 'Another process removed it. List the semaphores: osdemo semaphore list',
  EINVAL: 'Another process removed it. List the semaphores: osdemo semaphore list',
  ERANGE: `A semaphore counts up to ${largestValue}. Let another process wait on it first.`,
}

/**
 * Performs all operations in their order, or none: semop(2). It waits in the kernel until all are possible.
 *
 * @throws SystemCallError: EIDRM when the set is removed meanwhile, EINVAL when it does not exist, EACCES, ERANGE above
 *   `largestValue`; EAGAIN when it would wait and must not
 */
export function operate(id: number, operations: readonly Operation[], { nonblocking = false } = {}): void {
  const flags = nonblocking ? IPC_NOWAIT : 0
  const words = Int16Array.from(
    operations.flatMap(({ semaphore, change, undo }) => [semaphore, change, flags | (undo ? SEM_UNDO : 0)]),
  )
  for (;;) {
    try {
      semop(id, words)
      return
    } catch (error) {
      // Also after SIGSTOP and SIGCONT: signal(7).
      if (errnoOf(error) === 'EINTR') continue
      throw systemCallError(error, `cannot change semaphore set ${id}`, (errno) => useHints[errno])
    }
  }
}

export interface SemaphoreState {
  value: number
  /** How many threads wait until it increases, and until it is 0: GETNCNT and GETZCNT of semctl(2). */
  waitForIncrease: number
  waitForZero: number
  /** The process that changed it last; 0 where none has: GETPID. */
  lastUser: number
}

/** Undefined without the permission to read the set, or where there is none. */
export function readSemaphore(id: number, number: number): SemaphoreState | undefined {
  try {
    return {
      value: semctl(id, number, GETVAL),
      waitForIncrease: semctl(id, number, GETNCNT),
      waitForZero: semctl(id, number, GETZCNT),
      lastUser: semctl(id, number, GETPID),
    }
  } catch {
    return undefined
  }
}

/**
 * Removes a set. The kernel wakes every process that waits on it, with EIDRM.
 *
 * @throws SystemCallError: EPERM when it belongs to another user, EINVAL or EIDRM when it does not exist
 */
export function removeSet(id: number): void {
  try {
    semctl(id, 0, IPC_RMID)
  } catch (error) {
    throw systemCallError(error, `cannot remove semaphore set ${id}`, (errno) =>
      errno === 'EPERM'
        ? 'Only its owner, its creator and root may remove it. List the owners: osdemo semaphore list'
        : 'List the semaphores: osdemo semaphore list',
    )
  }
}
