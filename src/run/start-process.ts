/**
 * Starts an actor that is a process. Its file descriptors:
 *
 *     0, 1   the user's stdin and stdout where the demo lends them, else nothing
 *     2      our stderr
 *     3      its line out: events, each as a line of JSON
 *     4      its line in: the config, then words, each as a line of JSON; we hold it open as long as we live
 */
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { ActorProgram, WordOf } from '../actor-types.js'
import { DemoFailed, errorFrom, OsdemoError } from '../errors.js'
import type { Event } from '../events.js'
import { debug } from '../log.js'
import { lineSplitter } from '../text.js'
import { type Actor, type ActorListener, type ActorSpec, createHistory, type Ending } from './actor.js'
import { compileCacheVariable } from './compile-cache.js'
import { actorEntry } from './package.js'

/** Which of the user's own streams an actor gets, straight from the kernel and at full speed. */
export interface Streams {
  stdin?: boolean
  stdout?: boolean
}

export interface ProcessActor<Word = never> extends Actor<Word> {
  /** Stops and resumes reading its events, so that a slow view slows the actor down and does not fill our memory. */
  pause(): void
  resume(): void
}

/** If our parent has changed, the supervisor has died already: then the program must not start, for nothing would kill it. */
const guard = '[ "$PPID" = "$0" ] && exec "$@"'

let launcher: Promise<string[]> | undefined

/**
 * The words that start a program so that the kernel kills it when we die, even by SIGKILL and even while it waits in
 * a system call: setpriv(1) of util-linux calls prctl(PR_SET_PDEATHSIG) and then executes a shell, which executes the program,
 * so the pid stays. The shell checks whether we died before that call. The setpriv of BusyBox cannot do this, so it is tried
 * once. Where it fails there are no words, and the actor makes the same call by FFI.
 */
export function deathSignalLauncher(): Promise<string[]> {
  launcher ??= ifItWorks(['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', guard, `${process.pid}`])
  return launcher
}

async function ifItWorks(words: string[]): Promise<string[]> {
  const { execFile } = await import('node:child_process')
  return new Promise((resolve) => {
    // The words above: there are some.
    execFile(words[0]!, [...words.slice(1), 'true'], (error) => resolve(error ? [] : words))
  })
}

/**
 * @param signal where it is aborted before the process exists, none is started
 * @throws OsdemoError when the process cannot be started; the reason of the signal
 */
export async function startProcess<P extends ActorProgram>(
  spec: ActorSpec<P>,
  streams: Streams,
  signal: AbortSignal,
  { onEvent, onError }: ActorListener,
): Promise<ProcessActor<WordOf<P>>> {
  const launcher = await deathSignalLauncher()
  // Loaded here: the first line of every run would wait for it.
  const { spawn } = await import('node:child_process')
  signal.throwIfAborted()
  const [program = process.execPath, ...words] = [...launcher, process.execPath, actorEntry(spec.program)]
  const child = spawn(program, words, {
    stdio: [
      streams.stdin ? 'inherit' : 'ignore',
      streams.stdout ? 'inherit' : 'ignore',
      'inherit',
      'pipe',
      'pipe',
    ],
    // Node reads these certificates before it starts, which may take longer than all the rest, and no actor speaks TLS.
    env: { ...process.env, ...compileCacheVariable(), NODE_EXTRA_CA_CERTS: undefined },
  })
  debug({ child: child.pid, program, words }, `starting ${spec.name}`)
  if (child.pid === undefined) throw await cannotStart(child, spec.name)

  const { name, config } = spec
  const history = createHistory(name)
  // Both were given to spawn() as pipes, so they are streams; the types of Node know only the first three.
  const out = child.stdio[3] as Readable
  const line = child.stdio[4] as unknown as Writable
  // `close` and not `exit`: only then has everything been read that it reported.
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal })
      history.close()
    })
  })
  const take = lineSplitter((text) => {
    const event = eventIn(text)
    if (!event) return onError(damagedLine(name, child.pid, text), ended)
    history.add(event)
    if (event.event === 'error') onError(errorFrom(event), ended)
    else onEvent(event)
  })
  out.on('data', take)
  // An actor that dies before it has read its words is reported by its exit, not by a broken pipe.
  for (const stream of [out, line]) stream.on('error', () => {})
  line.write(`${JSON.stringify({ name, config, hasDeathSignal: launcher.length > 0 })}\n`)

  return {
    name,
    id: child.pid,
    events: history.events,
    until: history.until,
    tell: (word) => void line.write(`${JSON.stringify(word)}\n`),
    kill: (signal = 'SIGKILL') => void child.kill(signal),
    ended,
    pause: () => void out.pause(),
    resume: () => void out.resume(),
  }
}

/** The event in a line, or undefined where the line is none. */
function eventIn(line: string): Event | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isEvent = typeof value === 'object' && value !== null && 'event' in value && 't' in value
    // The actor's own types say that its fields are right.
    return isEvent ? (value as Event) : undefined
  } catch {
    return undefined
  }
}

function damagedLine(name: string, pid: number | undefined, line: string): DemoFailed {
  return new DemoFailed(
    `the ${name} (pid ${pid}) sent a line that is no event: ${JSON.stringify(line.slice(0, 80))}`,
  )
}

function cannotStart(child: ChildProcess, name: string): Promise<OsdemoError> {
  return new Promise((resolve) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const hint = cause.code === 'EAGAIN' ? 'this user may have no more processes: see ulimit -u' : undefined
      const details = { cause, hint, call: 'clone', errno: cause.code }
      resolve(new OsdemoError(`cannot start the process of the ${name}: ${cause.message}`, 1, details))
    })
  })
}
