/**
 * A lock in memory that processes share: the robust, process-shared mutex of POSIX threads (pthread_mutexattr_setrobust(3)).
 * A process that waits for it blocks in futex(2). When the lock holder dies, the next process gets the lock with EOWNERDEAD.
 */
import { systemCallError } from '../errors.js'
import { failed, initRobustMutex, openMutex, ownerDied } from './libc.js'

/** Bytes of a lock: glibc needs 40 on x86-64, 48 on arm64. */
export const mutexBytes = 64

export interface SharedMutex {
  /**
   * Waits until the lock is free, and locks it.
   *
   * @returns `owner died` when its holder died: the data that the lock protects may be inconsistent. The caller holds the lock
   *   now, and must call `mend` before `unlock`; otherwise no process can ever lock it again
   */
  lock(): 'locked' | 'owner died'
  mend(): void
  unlock(): void
}

/** Creates a lock at an address. @throws Unavailable where the C library has no robust mutexes */
export function layMutex(address: bigint): void {
  initRobustMutex(address)
}

/** The lock that `layMutex` created at an address. The C library is loaded at the first call. */
export function mutexAt(address: bigint): SharedMutex {
  let calls: ReturnType<typeof openMutex> | undefined
  const call = (name: 'lock' | 'unlock' | 'consistent') => {
    calls ??= openMutex()
    return calls[name](address)
  }
  const check = (name: 'lock' | 'unlock' | 'consistent', errno: number) => {
    if (errno !== 0)
      throw systemCallError(
        failed(`pthread_mutex_${name}`, errno),
        `cannot ${name === 'consistent' ? 'repair' : name} the lock`,
      )
  }
  return {
    lock() {
      const errno = call('lock')
      if (errno === ownerDied) return 'owner died'
      check('lock', errno)
      return 'locked'
    },
    mend: () => check('consistent', call('consistent')),
    unlock: () => check('unlock', call('unlock')),
  }
}
