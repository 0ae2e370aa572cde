/** The System V semaphore sets of this machine: /proc/sysvipc/sem, man 5 proc_sysvipc. */
import { parseTable, processesIn, type Row, readTable } from './sysvipc.js'

export interface SemaphoreSet {
  /** 0 for a set without a key (IPC_PRIVATE). */
  key: number
  id: number
  /** The permission bits. */
  mode: number
  /** The number of its semaphores. */
  semaphores: number
  uid: number
  creatorUid: number
  /** The last semop(2), 0 for none, and the creation or the last semctl(2) that changed it, in seconds since 1970. */
  operated: number
  changed: number
}

/** Parses the file: a line of column names, then one line for each set. */
export function parseSets(text: string): SemaphoreSet[] {
  return parseTable(text).map(setOf)
}

function setOf({ text, number }: Row): SemaphoreSet {
  return {
    key: number('key'),
    id: number('semid'),
    mode: Number.parseInt(text('perms'), 8),
    semaphores: number('nsems'),
    uid: number('uid'),
    creatorUid: number('cuid'),
    operated: number('otime'),
    changed: number('ctime'),
  }
}

/** All sets of all users; undefined where the kernel was built without System V IPC. */
export function readSets(): SemaphoreSet[] | undefined {
  return readTable('sem')?.map(setOf)
}

/** The present entry of a set; undefined when it has been removed. */
export function readSet(id: number): SemaphoreSet | undefined {
  return readSets()?.find((set) => set.id === id)
}

/** The pids of the processes that wait on a set, as `processesIn`. */
export function waiters(id: number): number[] {
  return processesIn(['semop', 'semtimedop'], id)
}
