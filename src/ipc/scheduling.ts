/** Where a process runs, and how much of a CPU it gets beside others: sched_setaffinity(2) and setpriority(2). */
import { constants, setPriority } from 'node:os'
import { systemCallError, Unavailable } from '../errors.js'
import { checked, failed, type Native, native } from './libc.js'

/** @throws Unavailable where a process cannot be kept on a CPU */
export function requirePinning(): Native {
  if (process.platform !== 'linux') {
    throw new Unavailable(`no sched_setaffinity(2) on ${process.platform}`, 'use Linux')
  }
  return native('sched_setaffinity', 'int sched_setaffinity(int tid, size_t size, const void *set)')
}

/**
 * From now on the main thread of a process runs on these CPUs alone. Its other threads are left where they are.
 *
 * @throws SystemCallError when we may not, or must use none of them; Unavailable as requirePinning
 */
export function pin(pid: number, cpus: number[]): void {
  // A cpu_set_t has one bit for each CPU and consists of whole longs.
  const set = new Uint8Array(8 * (Math.floor(Math.max(...cpus) / 64) + 1))
  // The set is long enough for the largest CPU number.
  for (const cpu of cpus) set[cpu >> 3]! |= 1 << (cpu & 7)
  try {
    checked('sched_setaffinity', requirePinning()(pid, set.length, set))
  } catch (error) {
    throw systemCallError(
      error,
      `cannot keep process ${pid} on CPU ${cpus.join(', ')}`,
      'Cpus_allowed_list in /proc/self/status has those that may be used',
    )
  }
}

/**
 * Sets the nice value of the main thread of a process (Linux; elsewhere of the process).
 *
 * @param nice -20 to 19
 * @throws SystemCallError when we may not: who has no CAP_SYS_NICE may lower it only as far as RLIMIT_NICE allows
 */
export function renice(pid: number, nice: number): void {
  try {
    setPriority(pid, nice)
  } catch (error) {
    // Node throws a SystemError: unlike an error of fs, it has the errno in `info`, as a negative number.
    const { errno = constants.errno.EACCES } = (error as { info?: { errno: number } }).info ?? {}
    throw systemCallError(
      failed('setpriority', Math.abs(errno)),
      `cannot give nice ${nice} to process ${pid}`,
      'a lower nice value takes CAP_SYS_NICE (run it as root) or RLIMIT_NICE (ulimit -e); every user may raise it',
    )
  }
}
