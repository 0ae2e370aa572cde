/** Interrupts a call of this process that waits in the kernel: setitimer(2) and SIGALRM. */
import { checked, native } from './libc.js'

/** sys/time.h. */
const ITIMER_REAL = 0

/**
 * From so many milliseconds on, the kernel sends SIGALRM every second, until the returned function is called. A call of the main
 * thread that waits then fails with EINTR, if signal(7) lists it among those that are never restarted. Only the second signal
 * interrupts a call that began just after the first one.
 */
export function interruptAfter(milliseconds: number): () => void {
  // Without a handler, SIGALRM would kill the process.
  const handler = () => {}
  process.on('SIGALRM', handler)
  setTimer(milliseconds)
  return () => {
    setTimer(0)
    process.off('SIGALRM', handler)
  }
}

/** struct itimerval: seconds and microseconds of the interval, then of the first time. */
function setTimer(milliseconds: number): void {
  const [interval, first] = [milliseconds > 0 ? 1n : 0n, BigInt(milliseconds)]
  const value = new BigInt64Array([interval, 0n, first / 1000n, (first % 1000n) * 1000n])
  const call = native('setitimer', 'int setitimer(int which, void *value, void *old)')
  checked('setitimer', call(ITIMER_REAL, new Uint8Array(value.buffer), null))
}
