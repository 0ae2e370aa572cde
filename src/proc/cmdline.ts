/** The command line of a process: /proc/PID/cmdline, man 5 proc_pid_cmdline. */
import { folder, readText } from './read.js'

/** Its words; none of a zombie or of a kernel thread, and undefined where it cannot be seen. */
export function readCommandLine(pid: number): string[] | undefined {
  const text = readText(`${folder(pid)}/cmdline`)
  if (text === undefined || text === '') return text === undefined ? undefined : []
  // A process that has written another title over it may have left out the NUL at the end.
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0')
}
