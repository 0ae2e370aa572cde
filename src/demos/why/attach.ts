/** Runs a program that traces a thread with ptrace(2), for a short time, and never leaves the thread stopped. */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The first word is the limit in seconds. At SIGTERM, strace(1) and debuggers detach. */
const traced = 'limit=$1; shift 2; exec timeout -k 1 "$limit" "$@" 2>&1'

/**
 * The second word is the thread. To attach, a debugger sends SIGSTOP to the thread. Where the debugger is killed before it detaches,
 * the kernel delivers that signal, and the thread stays stopped. So this shell then sends SIGCONT, which also cancels a SIGSTOP that
 * is still pending. A thread that is not stopped ignores it. SIGPIPE, when osdemo has been killed, must not terminate the shell before that.
 */
const stopped =
  'limit=$1 thread=$2; shift 2; trap "" PIPE; timeout -k 1 "$limit" "$@" 2>&1 || kill -CONT "$thread"'

export interface Attach {
  /** The thread, which is not stopped. */
  tid: number
  /** Whether the tracer stops it with SIGSTOP. */
  stops: boolean
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
export function attach({ tid, stops, limit, words }: Attach): Promise<string | undefined> {
  // With DEBUGINFOD_URLS a debugger would ask servers in the network for the names of functions.
  const { DEBUGINFOD_URLS: _, ...env } = process.env
  const child = spawn('sh', ['-c', stops ? stopped : traced, 'sh', `${limit}`, `${tid}`, ...words], {
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
