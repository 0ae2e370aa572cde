/** Limits of a process, from /proc/PID/limits, and of the machine, from /proc/sys. */
import { readText } from './read.js'

/** How many descriptors this process may have at once (`ulimit -n`); undefined without a limit, or where there is no /proc. */
export function openFilesLimit(): number | undefined {
  const limit = /^Max open files +(\d+)/m.exec(readText('/proc/self/limits') ?? '')?.[1]
  return limit === undefined ? undefined : Number(limit)
}

/** The largest capacity that an ordinary user may give a pipe, in bytes: pipe(7). Undefined where there is no /proc. */
export function pipeSizeLimit(): number | undefined {
  const text = readText('/proc/sys/fs/pipe-max-size')
  return text === undefined ? undefined : Number(text)
}
