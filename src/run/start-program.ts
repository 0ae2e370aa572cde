/**
 * Starts a program that is no actor: a student's, or one that a demo needs. It reports no events. Its stdin is a pipe that
 * osdemo keeps open until it exits, so a program that reads blocks. osdemo reads its stdout line by line. Its stderr is that of
 * osdemo. It leads a session of its own, so Ctrl-C on the terminal reaches only osdemo, and a signal to its process group
 * reaches its children.
 */
import type { ChildProcess } from 'node:child_process'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { errnoOf, OsdemoError, systemCallError } from '../errors.js'
import { now } from '../events.js'
import { readCommandLine } from '../proc/cmdline.js'
import { lineSplitter, longestForeignLine } from '../text.js'
import type { Ending, Kill } from './actor.js'
import { deathSignalLauncher } from './start-process.js'

/** A running program, whatever language it was written in. */
export interface RunningProgram {
  readonly name: string
  readonly id: number
  /** Writes a line to its stdin. */
  tell(line: string): void
  /** Sends a signal, SIGKILL unless another is given, to its process group. */
  kill(signal?: NodeJS.Signals): void
  /** Resolves when it has exited, for any reason. Rejects when the stage is aborted. */
  readonly ended: Promise<Ending>
}

/** A program as it is started, before a stage supervises it. `exited` never rejects. */
export type BareProgram = Omit<RunningProgram, 'ended' | 'kill'> & { kill: Kill; exited: Promise<Ending> }

/** How long setpriv and sh may take to execute the program, in milliseconds. After that the demo continues. */
const patience = 5000

/**
 * For machines where setpriv(1) lacks the option. A shell in the process group of the program kills the whole group when it reads
 * end of file on descriptor 3, because only osdemo holds the write end. It is no child of the program.
 */
const watched = ['sh', '-c', '( { read -r _; kill -s KILL 0; } <&3 >/dev/null 2>&1 & ); exec "$@" 3<&-', 'sh']

/**
 * @param words the program and its arguments, at least one word; a program without a slash is looked up in PATH
 * @param onLine receives each line of its stdout, without the newline; a very long one is cut
 * @param signal when it aborts before the process exists, none is started
 * @returns when the process has executed the program
 * @throws OsdemoError where it cannot be executed; the reason of the signal
 */
export async function startProgram(
  name: string,
  words: string[],
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<BareProgram> {
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
  // `stdio` makes both of them pipes.
  const [stdin, stdout] = [child.stdin!, child.stdout!]
  // Otherwise Node closes stdin when the program exits, but a child of the program may still read from it.
  Object.assign(child, { stdin: null })
  stdin.on('error', () => {})
  stdout.on('data', lineSplitter(onLine, longestForeignLine))
  const exited = new Promise<Ending>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  await executed(child, started, command)
  return {
    name,
    id: pid,
    tell: (line) => void stdin.write(`${line}\n`),
    kill(signal) {
      // When it has exited, the signal is only for what it has left behind in its group.
      const isThere = child.exitCode === null && child.signalCode === null
      try {
        process.kill(-pid, signal)
        return isThere
      } catch {
        return child.kill(signal)
      }
    },
    exited,
  }
}

/**
 * Waits until setpriv(1) and sh have executed the program: the command line of the process then changes. That of a zombie is
 * empty.
 *
 * @throws OsdemoError where the program could not be executed
 */
async function executed(child: ChildProcess, words: string[], command: string): Promise<void> {
  const lineOf = (list: string[]) => list.join('\0')
  const before = [lineOf(words), lineOf(words.slice(words.indexOf('sh')))]
  for (const end = now() + patience * 1000; now() < end; ) {
    const seen = child.pid === undefined ? [] : (readCommandLine(child.pid) ?? [])
    if (seen.length > 0 && !before.includes(lineOf(seen))) return
    // Exit codes of sh: 126, or 127 where the interpreter of a script is missing. Its message is on stderr.
    if (child.exitCode === 126 || child.exitCode === 127) {
      throw new OsdemoError(`cannot execute ${command}: it is no program for this machine`, 1, {
        hint: 'Use an ELF file for this processor, or a script whose first line is #!INTERPRETER.',
        call: 'execve',
      })
    }
    if (child.exitCode !== null || child.signalCode !== null) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/**
 * The file that a shell would execute. It is looked up first, because an error of setpriv(1) would not name the reason.
 *
 * @throws OsdemoError where there is none, or where it may not be executed
 */
export function findProgram(command: string): string {
  const inFolder = command.includes('/')
  const folders = inFolder ? [''] : (process.env.PATH ?? '').split(delimiter)
  let refused: unknown
  for (const folder of folders) {
    const path = join(folder || '.', command)
    const file = command.startsWith('/') ? command : path
    try {
      accessSync(file, constants.X_OK)
      if (!statSync(file).isDirectory()) return file.includes('/') ? file : `./${file}`
      refused ??= Object.assign(new Error('a folder'), { code: 'EACCES', syscall: 'execve', errno: -13 })
    } catch (error) {
      // A folder of PATH that this user may not search does not hide that the program is missing.
      if (inFolder ? errnoOf(error) !== 'ENOENT' : existsSync(file)) refused ??= error
    }
  }
  if (refused) {
    throw systemCallError(refused, `cannot execute ${command}`, `Make it executable: chmod +x ${command}`)
  }
  throw new OsdemoError(
    `cannot execute ${command}: there is no such program${inFolder ? '' : ' in PATH'}`,
    1,
    {
      hint: inFolder ? 'Check the path.' : `To run a file in this folder, write ./${command}`,
      call: 'execve',
      errno: 'ENOENT',
    },
  )
}

function cannotExecute(child: ChildProcess, command: string): Promise<unknown> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(systemCallError(error, `cannot execute ${command}`)))
  })
}
