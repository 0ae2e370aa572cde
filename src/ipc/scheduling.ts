/** Where a process runs, and how much of a CPU it gets beside others: sched_setaffinity(2) and setpriority(2). */
import { constants, setPriority } from 'node:os'
import { systemCallError } from '../errors.js'
import { failed, schedSetaffinity } from './libc.js'

/**
 * From now on the main thread of a process runs on this CPU alone. Its other threads are left where they are.
 *
 * @throws SystemCallError when we may not, or must not use that CPU
 */
export function pin(pid: number, cpu: number): void {
  try {
    schedSetaffinity(pid, cpu)
  } catch (error) {
    throw systemCallError(
      error,
      `cannot keep process ${pid} on CPU ${cpu}`,
      'see Cpus_allowed_list in /proc/self/status',
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
    // Node wraps what it calls a system error differently here than everywhere else.
    const { errno = constants.errno.EACCES } = (error as { info?: { errno: number } }).info ?? {}
    throw systemCallError(
      failed('setpriority', Math.abs(errno)),
      `cannot give nice ${nice} to process ${pid}`,
      'a lower nice value takes CAP_SYS_NICE (run it as root) or RLIMIT_NICE (ulimit -e); every user may raise it',
    )
  }
}
