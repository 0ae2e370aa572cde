/** What the kernel counts for the calling thread: its CPU time, and its context switches. */
import { checked, native } from './libc.js'

export interface ThreadUsage {
  /** CPU time in microseconds, exact: clock_gettime(2). getrusage(2) may be behind by a timer tick. */
  cpu: number
  /** Context switches because the thread blocked, and because it was preempted: getrusage(2). */
  voluntary: number
  involuntary: number
}

// time.h and sys/resource.h of Linux.
const CLOCK_THREAD_CPUTIME_ID = 3
const RUSAGE_THREAD = 1

/** struct rusage of Linux has 18 longs, and these two are the last. */
const [nvcsw, nivcsw] = [16, 17]

export function threadUsage(): ThreadUsage {
  const [time, usage] = [new BigInt64Array(2), new BigInt64Array(18)]
  const getrusage = native('getrusage', 'int getrusage(int who, void *usage)')
  checked('getrusage', getrusage(RUSAGE_THREAD, new Uint8Array(usage.buffer)))
  const clock_gettime = native('clock_gettime', 'int clock_gettime(int clock, void *time)')
  checked('clock_gettime', clock_gettime(CLOCK_THREAD_CPUTIME_ID, new Uint8Array(time.buffer)))
  const [seconds = 0n, nanoseconds = 0n] = time
  const cpu = Number(seconds * 1_000_000_000n + nanoseconds) / 1000
  return { cpu, voluntary: Number(usage[nvcsw]), involuntary: Number(usage[nivcsw]) }
}
