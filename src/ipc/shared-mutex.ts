/**
 * A lock in memory that processes share: the robust, process-shared mutex of POSIX threads (pthread_mutexattr_setrobust(3)).
 * Waiting for it is sleeping in futex(2). When its holder dies, the kernel itself hands it on, and says so.
 */
import { systemCallError } from '../errors.js'
import { failed, initRobustMutex, openMutex, ownerDied } from './libc.js'

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

/** The lock at an address where `layMutex` has been. The C library is loaded when it is used first. */
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
        `cannot ${name === 'consistent' ? 'mend' : name} the lock`,
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
