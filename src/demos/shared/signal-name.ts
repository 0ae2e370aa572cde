/** Signals have numbers for the kernel, and names for people. */
import { constants } from 'node:os'

/** SIGRTMIN of glibc, which keeps the first two real-time signals for itself. */
const realTime = 34

/** `SIGUSR1`, `SIGRTMIN+1`; the number of a signal that has no name. */
export function signalName(number: number): string {
  const [name] = Object.entries(constants.signals).find(([, value]) => value === number) ?? []
  if (name !== undefined || number < realTime) return name ?? `${number}`
  return number === realTime ? 'SIGRTMIN' : `SIGRTMIN+${number - realTime}`
}
