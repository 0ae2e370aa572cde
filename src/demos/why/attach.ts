/** Runs a program that traces a thread with ptrace(2), for a short time, and never leaves the thread stopped. */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The words: a thread, and the limit in seconds. At SIGTERM a tracer detaches. To attach, a debugger stops the thread
 * with SIGSTOP. Where the debugger is killed before it detaches, the kernel delivers that signal, and the thread stays stopped. So
 * this shell continues it then.
 */
const guard = `thread=$1 limit=$2; shift 2
timeout -k 1 "$limit" "$@" 2>&1
while read -r name state more; do
  [ "$name $state" = "State: T" ] && kill -CONT "$thread"
done < "/proc/$thread/status"`

export interface Attach {
  /** The thread, which is not stopped. */
  tid: number
  /** In seconds. */
  limit: number
  /** The tracer with its options. */
  words: string[]
}

/**
 * It has a session of its own: Ctrl-C does not reach it, and it completes its work also when osdemo is killed.
 *
 * @returns what it printed on stdout and stderr; undefined where it cannot be started
 */
export function attach({ tid, limit, words }: Attach): Promise<string | undefined> {
  // With DEBUGINFOD_URLS a debugger would ask servers in the network for the names of functions.
  const { DEBUGINFOD_URLS: _, ...env } = process.env
  const child = spawn('sh', ['-c', guard, 'sh', `${tid}`, `${limit}`, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
    env: { ...env, LC_ALL: 'C' },
  })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk))
  return new Promise((resolve) => {
    child.once('error', () => resolve(undefined))
    child.once('close', () => resolve(Buffer.concat(chunks).toString()))
  })
}

/** Whether a program is in PATH. */
export function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return folder !== ''
    } catch {
      return false
    }
  })
}
