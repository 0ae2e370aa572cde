/**
 * Starts a program that is no actor: a student's, or a helper that the demo needs. It reports no events. Its stdin is a pipe
 * that we hold open as long as we live, so a program that reads blocks; we read its stdout line by line; its stderr is ours.
 * It leads a session of its own, so Ctrl-C on the terminal reaches us only, and killing its group kills its children.
 */
import type { ChildProcess } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { errnoOf, OsdemoError, systemCallError } from '../errors.js'
import { now } from '../events.js'
import { readCommandLine } from '../proc/cmdline.js'
import { lineSplitter } from '../text.js'
import type { Ending } from './actor.js'
import { deathSignalLauncher } from './start-process.js'

/** A running program, whatever language it was written in. */
export interface RunningProgram {
  readonly name: string
  readonly id: number
  /** Writes a line to its stdin. */
  tell(line: string): void
  kill(signal?: NodeJS.Signals): void
  /** Resolves when it has exited, for whatever reason; never rejects. */
  readonly ended: Promise<Ending>
}

/** How long setpriv and sh may take to execute the program, in milliseconds; then we go on without knowing. */
const patience = 5000

/**
 * Where setpriv(1) cannot do it: a shell beside the program, not its child, kills the whole group when it reads the end of
 * descriptor 3, whose other end only we hold.
 */
const watched = ['sh', '-c', '( { read -r _; kill -s KILL 0; } <&3 >/dev/null 2>&1 & ); exec "$@" 3<&-', 'sh']

/**
 * @param words the program, looked for in PATH where it has no slash, and its arguments; at least one word
 * @param onLine gets each line of its stdout, without the newline
 * @param signal where it is aborted before the process exists, none is started
 * @returns once the process is the program itself, no longer what starts it
 * @throws OsdemoError when it cannot be executed; the reason of the signal
 */
export async function startProgram(
  name: string,
  words: string[],
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<RunningProgram> {
  const [command = '', ...rest] = words
  const launcher = await deathSignalLauncher()
  const { spawn } = await import('node:child_process')
  signal?.throwIfAborted()
  const hasDeathSignal = launcher.length > 0
  const started = [...(hasDeathSignal ? launcher : watched), findProgram(command), ...rest]
  const [first = '', ...others] = started
  const child = spawn(first, others, {
    stdio: ['pipe', 'pipe', 'inherit', hasDeathSignal ? 'ignore' : 'pipe'],
    detached: true,
  })
  if (child.pid === undefined) throw await cannotExecute(child, command)
  const { pid } = child
  // Both are pipes.
  const [stdin, stdout] = [child.stdin!, child.stdout!]
  // Node destroys `child.stdin` when the program exits, but a child of the program may still read from it.
  Object.assign(child, { stdin: null })
  stdin.on('error', () => {})
  stdout.on('data', lineSplitter(onLine))
  const ended = new Promise<Ending>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  await executed(child, started, command)
  return {
    name,
    id: pid,
    tell: (line) => void stdin.write(`${line}\n`),
    kill(signal = 'SIGKILL') {
      try {
        process.kill(-pid, signal)
      } catch {
        child.kill(signal)
      }
    },
    ended,
  }
}

/**
 * Waits until what was started (setpriv(1), sh) has become the program: its command line is then another one. That of a
 * zombie is empty.
 *
 * @throws OsdemoError when it could not
 */
async function executed(child: ChildProcess, words: string[], command: string): Promise<void> {
  const lineOf = (list: string[]) => list.join('\0')
  const before = [lineOf(words), lineOf(words.slice(words.indexOf('sh')))]
  for (const end = now() + patience * 1000; now() < end; ) {
    const seen = child.pid === undefined ? [] : (readCommandLine(child.pid) ?? [])
    if (seen.length > 0 && !before.includes(lineOf(seen))) return
    // What it says then (126, or 127 where there is no such interpreter) has come on stderr.
    if (child.exitCode === 126 || child.exitCode === 127) {
      throw new OsdemoError(
        `cannot execute ${command}: the kernel takes it for no program of this machine`,
        1,
        {
          hint: 'a program is an ELF file for this kind of processor, or a script that begins with #!INTERPRETER',
          call: 'execve',
        },
      )
    }
    if (child.exitCode !== null || child.signalCode !== null) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/**
 * The file that a shell would execute; said before it is tried, since what tries it may be setpriv(1).
 *
 * @throws OsdemoError where there is none, or where it may not be executed
 */
export function findProgram(command: string): string {
  const folders = command.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)
  let refused: unknown
  for (const folder of folders) {
    const path = join(folder || '.', command)
    const file = command.startsWith('/') ? command : path
    try {
      accessSync(file, constants.X_OK)
      if (!statSync(file).isDirectory()) return file.includes('/') ? file : `./${file}`
      refused ??= Object.assign(new Error('a folder'), { code: 'EACCES', syscall: 'execve', errno: -13 })
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') refused ??= error
    }
  }
  if (refused) {
    throw systemCallError(refused, `cannot execute ${command}`, `make it executable: chmod +x ${command}`)
  }
  throw new OsdemoError(`cannot execute ${command}: there is no such program`, 1, {
    hint: command.includes('/') ? 'check the path' : `to run a file of this folder, write ./${command}`,
    call: 'execve',
    errno: 'ENOENT',
  })
}

function cannotExecute(child: ChildProcess, command: string): Promise<unknown> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(systemCallError(error, `cannot execute ${command}`)))
  })
}
