/** The states of a process in the words of the events, by the letters of the kernel. */
import type { ProcessState } from '../../events.js'

/** man 5 proc_pid_stat. R is also a process that is ready and has no CPU. */
const states: Record<string, ProcessState> = {
  R: 'running',
  T: 'stopped',
  t: 'stopped',
  Z: 'zombie',
  X: 'gone',
}

/** @param letter of the kernel; S, D, I and others wait */
export function stateOf(letter: string): ProcessState {
  return states[letter] ?? 'waiting'
}
