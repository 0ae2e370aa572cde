/** Which processes there are: the numbers among the entries of /proc, man 5 proc. */
import { readNumbers } from './read.js'

/** The pids of all processes that this user may see, lowest first; empty where there is no /proc. */
export function readPids(): number[] {
  return readNumbers('/proc')
}
