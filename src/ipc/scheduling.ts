/** On which CPUs a process may run, and its share of them: sched_setaffinity(2), sched_setscheduler(2), setpriority(2). */
import { constants, setPriority } from 'node:os'
import { systemCallError, Unavailable } from '../errors.js'
import { checked, failed, type Native, native } from './libc.js'

/** @throws Unavailable where sched_setaffinity(2) does not exist */
export function requirePinning(): Native {
  if (process.platform !== 'linux') {
    throw new Unavailable(`sched_setaffinity(2) does not exist on ${process.platform}`, 'Use Linux.')
  }
  return native('sched_setaffinity', 'int sched_setaffinity(int tid, size_t size, const void *set)')
}

/**
 * Restricts the main thread of a process to these CPUs, and leaves its other threads alone.
 *
 * @throws SystemCallError without the right to do so, or when none of these CPUs may be used; Unavailable as requirePinning
 */
export function pin(pid: number, cpus: number[]): void {
  // A cpu_set_t has one bit for each CPU, and its size is a multiple of 8 bytes.
  const set = new Uint8Array(8 * (Math.floor(Math.max(...cpus) / 64) + 1))
  // The set is long enough for the largest CPU number.
  for (const cpu of cpus) set[cpu >> 3]! |= 1 << (cpu & 7)
  try {
    checked('sched_setaffinity', requirePinning()(pid, set.length, set))
  } catch (error) {
    throw systemCallError(error, `cannot restrict process ${pid} to CPU ${cpus.join(', ')}`, (errno) =>
      errno === 'EINVAL' ? 'Use a CPU of Cpus_allowed_list in /proc/self/status.' : undefined,
    )
  }
}

/** Policies of sched(7). A thread of SCHED_BATCH that wakes up does not preempt another one: it waits until the next timer tick. */
const policies = { SCHED_OTHER: 0, SCHED_BATCH: 3 }

/** Sets the scheduling policy of the main thread of a process. @throws SystemCallError for a process of another user */
export function setPolicy(pid: number, policy: keyof typeof policies): void {
  // struct sched_param: the priority, which is 0 for both policies.
  const parameters = new Uint8Array(4)
  const prototype = 'int sched_setscheduler(int pid, int policy, const void *parameters)'
  try {
    checked('sched_setscheduler', native('sched_setscheduler', prototype)(pid, policies[policy], parameters))
  } catch (error) {
    throw systemCallError(error, `cannot set the scheduling policy of process ${pid} to ${policy}`)
  }
}

/**
 * Sets the nice value of the main thread of a process (on Linux; elsewhere of the process).
 *
 * @param nice -20 to 19
 * @throws SystemCallError below the limit RLIMIT_NICE without CAP_SYS_NICE, or for a process of another user
 */
export function renice(pid: number, nice: number): void {
  try {
    setPriority(pid, nice)
  } catch (error) {
    // Node throws a SystemError here: unlike errors of fs, it has the errno in `info`, as a negative number.
    const { errno = constants.errno.EACCES } = (error as { info?: { errno: number } }).info ?? {}
    throw systemCallError(
      failed('setpriority', Math.abs(errno)),
      `cannot set the nice value of process ${pid} to ${nice}`,
      'Every user may raise it. To lower it, run as root (CAP_SYS_NICE) or raise RLIMIT_NICE (ulimit -e).',
    )
  }
}
