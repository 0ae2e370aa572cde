/**
 * Starts a program under strace(1). Its stdin, stdout and stderr are those of osdemo, it has no other descriptor of osdemo, and it
 * is a child of osdemo: strace is not its parent, and is in a process group of its own, which no Ctrl-C of the terminal reaches.
 */
import { statSync } from 'node:fs'
import { OsdemoError, systemCallError, Unavailable } from '../errors.js'
import { readPids } from '../proc/pids.js'
import { readStatus } from '../proc/status.js'
import type { Ending } from './actor.js'
import { deathSignalLauncher } from './start-process.js'
import { findProgram } from './start-program.js'
import { openTraceLog, rounds } from './trace-log.js'

export interface TracedProgram {
  pid: number
  /** Resolves when the program has exited. What it has started may still run. */
  exited: Promise<Ending>
  /** Resolves when the log is complete: all that was traced has exited. */
  logged: Promise<void>
  /** Sends a signal to the program, if it has not exited. */
  signal(signal: NodeJS.Signals): void
  /** Kills everything that strace traces. Then the log ends. */
  killAll(): void
}

export interface TraceOptions {
  /** The path of a FIFO, into which strace writes its log. */
  log: string
  /** The calls that strace reports; undefined for all. */
  calls: readonly string[] | undefined
  /** Where the stdout of the program goes: descriptor 1 or 2 of osdemo. */
  stdout: 1 | 2
  onLog(chunk: Buffer): void
}

/** What a log made elsewhere needs too. `-s`: how much of each message is in it. */
export const straceFlags = ['-f', '-ttt', '-T', '-yy', '-s', '64']

/** The kernel kills only the program itself when osdemo is killed. Its children would run on, with a log that no process reads. */
const killTraced = `for traced in $(grep -ls "^TracerPid:[[:space:]]*$tracer$" /proc/[0-9]*/status | cut -d / -f 3); do
      kill -s KILL "$traced"
    done`

/**
 * The words that start the program under strace, without options.
 *
 * @param words the program and its arguments, at least one word
 * @throws OsdemoError with exit code 127 or 126 where the program cannot be executed, Unavailable where there is no strace
 */
export function findTraced([command = '', ...rest]: string[]): {
  strace: string
  words: string[]
  /** Whether its file has the set-user-ID or set-group-ID bit, which has no effect under the strace of an ordinary user. */
  isSetuid: boolean
} {
  const file = executable(command)
  return { strace: straceProgram(), words: [file, ...rest], isSetuid: (statSync(file).mode & 0o6000) !== 0 }
}

export async function startTraced(
  { strace, words }: ReturnType<typeof findTraced>,
  options: TraceOptions,
): Promise<TracedProgram> {
  const launcher = await deathSignalLauncher()
  const { spawn } = await import('node:child_process')
  const calls = options.calls && [
    '--seccomp-bpf',
    '-e',
    `trace=${options.calls.map((name) => `?${name}`).join()}`,
  ]
  const [first = '', ...others] = [
    ...launcher,
    strace,
    '-DD',
    '-q',
    ...straceFlags,
    ...(calls ?? []),
    '-o',
    options.log,
    '--',
    ...words,
  ]
  const log = await openTraceLog(options.log, killTraced, options.onLog)
  const child = spawn(first, others, { stdio: ['inherit', options.stdout, 'inherit'] })
  const exited = new Promise<Ending>((resolve, reject) => {
    child.once('error', (error) => reject(systemCallError(error, `cannot execute ${words[0]}`)))
    child.once('exit', (code, signal) => {
      log.begun()
      resolve({ code, signal })
    })
  })
  if (child.pid === undefined) {
    log.destroy()
    await exited
  }
  return {
    pid: child.pid ?? 0,
    exited,
    logged: log.logged,
    signal: (signal) => void child.kill(signal),
    killAll() {
      log.begun()
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      const by = log.tracer()
      // A killed process exists until strace has written its last line, for which osdemo has to read. But it starts no other one.
      const killed = new Set<number>()
      for (let round = 0; round < rounds && by > 0; round++) {
        const others = readPids().filter((each) => !killed.has(each) && readStatus(each)?.tracer === by)
        if (others.length === 0) break
        for (const each of others) {
          killIfThere(each)
          killed.add(each)
        }
      }
    },
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has exited meanwhile.
  }
}

/** As a shell: 127 for a program that does not exist, 126 for one that may not be executed. */
function executable(command: string): string {
  try {
    return findProgram(command)
  } catch (error) {
    if (!(error instanceof OsdemoError)) throw error
    const { message, hint, call, errno } = error
    throw new OsdemoError(message, errno === 'ENOENT' ? 127 : 126, { hint, call, errno })
  }
}

/** The path of strace. @throws Unavailable where it is not installed */
export function straceProgram(): string {
  try {
    return findProgram('strace')
  } catch (cause) {
    throw new Unavailable('strace is not installed', 'Install it: apt-get install strace', cause)
  }
}

/** Traces a small program. @returns the version of strace. @throws Unavailable where it cannot trace */
export async function tryStrace(): Promise<string> {
  const { execFile } = await import('node:child_process')
  const program = straceProgram()
  const run = (...words: string[]) =>
    new Promise<string>((resolve, reject) => {
      execFile(program, words, (error, stdout, stderr) => {
        const [reason] = stderr.trim().split('\n')
        if (error)
          reject(new Unavailable(`strace cannot trace: ${reason || error.message}`, ptraceHint, error))
        else resolve(stdout)
      })
    })
  await run('-f', '--seccomp-bpf', '-e', 'trace=exit_group', '-o', '/dev/null', 'true')
  return (await run('-V')).split('\n')[0] ?? ''
}

export const ptraceHint =
  'It needs strace 5.3 or newer and ptrace(2). A container needs the capability SYS_PTRACE for it.'
