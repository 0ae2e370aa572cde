/**
 * A lock in memory that processes share: the robust, process-shared mutex of POSIX threads (pthread_mutexattr_setrobust(3)).
 * Waiting for it is sleeping in futex(2). When its holder dies, the kernel itself hands it on, and says so.
 */
import { SystemCallError, systemCallError } from '../errors.js'
import { initRobustMutex, mutexCall } from './libc.js'

/** Room for one, in bytes: glibc takes 40 on x86-64, 48 on arm64. */
export const mutexBytes = 64

export interface SharedMutex {
  /**
   * Waits until the lock is free, and takes it.
   *
   * @returns `owner died` when its holder died with it: what the lock protects may be half changed. It is ours now, and
   *   must be told to be in order again by `mend` before `unlock`, or nobody can ever take it again
   */
  lock(): 'locked' | 'owner died'
  mend(): void
  unlock(): void
}

/** Makes a lock at an address, before anybody uses it. @throws Unavailable where the C library has no robust mutexes */
export function layMutex(address: bigint): void {
  initRobustMutex(address)
}

/** The lock at an address, in zeroed memory that `layMutex` has been at. */
export function mutexAt(address: bigint): SharedMutex {
  return {
    lock() {
      try {
        mutexCall('lock', address)
        return 'locked'
      } catch (cause) {
        const error = systemCallError(cause, 'cannot take the lock')
        if (error instanceof SystemCallError && error.errno === 'EOWNERDEAD') return 'owner died'
        throw error
      }
    },
    mend: () => mutexCall('consistent', address),
    unlock: () => mutexCall('unlock', address),
  }
}
