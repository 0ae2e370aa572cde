/** All processes: the entries of /proc that are numbers, man 5 proc. */
import { readNumbers } from './read.js'

/** The pids of all processes that this user may see, lowest first; empty where there is no /proc. */
export function readPids(): number[] {
  return readNumbers('/proc')
}
