/** A semaphore of either kind: the first one of a System V set, or a named POSIX semaphore. */
import { OsdemoError } from '../errors.js'
import { openNamed } from './posix-sem.js'
import { operate, readSemaphore } from './sysv-sem.js'

/** A System V set by its id, a POSIX semaphore by its name. */
export type SemaphorePlace = { id: number } | { name: string }

/** Its calls throw SystemCallError. */
export interface Semaphore {
  /** As in `semaphore set 5`. */
  title: string
  /** The calls that wait and post. */
  waitCall: 'semop' | 'sem_wait'
  postCall: 'semop' | 'sem_post'
  /** Takes 1 from its value, and blocks while that is 0. @param undo only of a System V semaphore: SEM_UNDO */
  wait(undo?: boolean): void
  /** Returns false where `wait` would block. */
  tryWait(): boolean
  /** Adds 1 to its value. */
  post(): void
  /** Undefined where this user may not know it, and when it was removed. */
  value(): number | undefined
  /** Only a POSIX semaphore is open. */
  close(): void
}

/** @throws SystemCallError, UsageError, Unavailable as `openNamed` */
export function openSemaphore(place: SemaphorePlace): Semaphore {
  if ('name' in place) {
    const { wait, tryWait, post, value, close } = openNamed(place.name)
    const calls = { waitCall: 'sem_wait', postCall: 'sem_post' } as const
    return { title: `semaphore ${place.name}`, ...calls, wait, tryWait, post, value, close }
  }
  const { id } = place
  const change = (by: number, undo: boolean, nonblocking = false) =>
    operate(id, [{ semaphore: 0, change: by, undo }], { nonblocking })
  return {
    title: `semaphore set ${id}`,
    waitCall: 'semop',
    postCall: 'semop',
    wait: (undo = false) => change(-1, undo),
    tryWait() {
      try {
        change(-1, false, true)
        return true
      } catch (error) {
        if (error instanceof OsdemoError && error.errno === 'EAGAIN') return false
        throw error
      }
    },
    post: () => change(1, false),
    value: () => readSemaphore(id, 0)?.value,
    close() {},
  }
}
