/** The state of a process, by the letter that the kernel has for it. */
import type { ProcessState } from '../../events.js'

/** See man 5 proc_pid_stat. The kernel writes R for a process that is ready too. */
const states: Record<string, ProcessState> = {
  R: 'running',
  T: 'stopped',
  t: 'stopped',
  Z: 'zombie',
  X: 'gone',
}

/** @param letter the kernel's; S, D, I and all others are waiting */
export function stateOf(letter: string): ProcessState {
  return states[letter] ?? 'waiting'
}
