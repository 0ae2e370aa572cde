/** The command line of a process: /proc/PID/cmdline, man 5 proc_pid_cmdline. */
import { folder, readBytes, readText } from './read.js'

/** The words of the command line. Empty for a zombie and a kernel thread; undefined where it cannot be read. */
export function readCommandLine(pid: number): string[] | undefined {
  const text = readText(`${folder(pid)}/cmdline`)
  if (text === undefined || text === '') return text === undefined ? undefined : []
  // A process that has overwritten it with a title may have left out the last NUL.
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0')
}

/** The words of this process's own command line, as bytes. Undefined where there is no /proc. */
export function ownCommandLine(): Buffer[] | undefined {
  const bytes = readBytes('/proc/self/cmdline')
  if (!bytes) return undefined
  const words: Buffer[] = []
  for (let start = 0, end = bytes.indexOf(0); end >= 0; start = end + 1, end = bytes.indexOf(0, start))
    words.push(bytes.subarray(start, end))
  return words
}
