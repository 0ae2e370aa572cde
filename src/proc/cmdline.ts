/** The command line of a process: /proc/PID/cmdline, man 5 proc_pid_cmdline. */
import { folder, readText } from './read.js'

/** Its words; none of a zombie or of a kernel thread, and undefined where it cannot be seen. */
export function readCommandLine(pid: number): string[] | undefined {
  const text = readText(`${folder(pid)}/cmdline`)
  return text?.split('\0').slice(0, -1)
}
