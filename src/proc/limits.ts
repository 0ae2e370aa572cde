/** The resource limits of a process, from /proc/PID/limits. */
import { readText } from './read.js'

/** How many files this process may have open at once (`ulimit -n`); undefined without a limit, or where there is no /proc. */
export function openFilesLimit(): number | undefined {
  const limit = /^Max open files +(\d+)/m.exec(readText('/proc/self/limits') ?? '')?.[1]
  return limit === undefined ? undefined : Number(limit)
}
