/**
 * Starts an actor that is a process. Its file descriptors:
 *
 *     0, 1   stdin and stdout of the user where the demo passes them on, else /dev/null
 *     2      stderr of osdemo
 *     3      its line out: events, each as a line of JSON
 *     4      its line in: the config, then commands, each as a line of JSON; osdemo keeps it open until it exits
 */
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { ActorProgram, WordOf } from '../actor-types.js'
import { DemoFailed, errorFrom, systemCallError } from '../errors.js'
import { type Event, now } from '../events.js'
import { debug } from '../log.js'
import { lineSplitter } from '../text.js'
import { type ActorListener, type ActorSpec, type BareActor, createHistory, type Ending } from './actor.js'
import { compileCacheVariable } from './compile-cache.js'
import { actorEntry } from './package.js'

/**
 * What an actor has as its stdin and stdout: with true that of the user, else a descriptor of the supervisor. Bytes then do not pass
 * through the supervisor.
 */
export interface Streams {
  stdin?: boolean | number
  stdout?: boolean | number
}

export interface ProcessActor<Word = never> extends BareActor<Word> {
  /** Stops and resumes reading its events. A slow view then slows the actor down and does not fill the memory of osdemo. */
  pause(): void
  resume(): void
}

/** If the parent has changed, the supervisor is already dead. The program must not start then, because nothing would kill it. */
const guard = '[ "$PPID" = "$0" ] && exec "$@"'

/** The same for an actor that stops first. */
const stoppingGuard = '[ "$PPID" = "$0" ] && kill -s STOP "$$" && exec "$@"'

let launcher: Promise<string[]> | undefined

/**
 * The words that start a program in such a way that the kernel kills it when osdemo exits, even after SIGKILL and even while it
 * is blocked in a system call. setpriv(1) of util-linux calls prctl(PR_SET_PDEATHSIG) and executes a shell, which executes the
 * program, so the pid stays the same. The shell checks that osdemo did not exit before that call. The setpriv of BusyBox lacks
 * the option, so it is tried once. Without it the list is empty, and the actor calls prctl(2) through FFI.
 */
export function deathSignalLauncher(): Promise<string[]> {
  launcher ??= ifItWorks(['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', guard, `${process.pid}`])
  return launcher
}

async function ifItWorks(words: string[]): Promise<string[]> {
  const { execFile } = await import('node:child_process')
  return new Promise((resolve) => {
    // `words` is the list above, which is not empty.
    execFile(words[0]!, [...words.slice(1), 'true'], (error) => resolve(error ? [] : words))
  })
}

/**
 * @param signal when it aborts before the process exists, none is started
 * @throws OsdemoError where the process cannot be started; the reason of the signal
 */
export async function startProcess<P extends ActorProgram>(
  spec: ActorSpec<P>,
  streams: Streams,
  signal: AbortSignal,
  { onEvent, onError }: ActorListener,
): Promise<ProcessActor<WordOf<P>>> {
  const usual = await deathSignalLauncher()
  const launcher =
    spec.launcher ?? (spec.stopsFirst ? usual.map((word) => (word === guard ? stoppingGuard : word)) : usual)
  // Loaded here and not above, so that the first line of a run does not wait for it.
  const { spawn } = await import('node:child_process')
  signal.throwIfAborted()
  const [program = process.execPath, ...words] = [...launcher, process.execPath, actorEntry(spec.program)]
  const begun = now()
  const child = spawn(program, words, {
    stdio: [stream(streams.stdin), stream(streams.stdout), 'inherit', 'pipe', 'pipe'],
    // Node would read these certificates at its start, which may take longer than all the rest. No actor uses TLS.
    env: { ...process.env, ...compileCacheVariable(), NODE_EXTRA_CA_CERTS: undefined },
  })
  debug({ child: child.pid, program, words }, `starting ${spec.name}`)
  if (child.pid === undefined) throw await cannotStart(child, spec.name)

  const { name, config } = spec
  const history = createHistory(name)
  // Both were passed to spawn() as pipes, so they are streams. Node's types describe only the first three.
  const out = child.stdio[3] as Readable
  const line = child.stdio[4] as unknown as Writable
  // `close` and not `exit`: only then have all its events been read.
  const exited = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal })
      history.close()
    })
  })
  const take = lineSplitter((text) => {
    const event = eventIn(text)
    if (!event) return onError(damagedLine(name, child.pid, text), exited)
    history.add(event)
    if (event.event === 'error') onError(errorFrom(event), exited)
    else onEvent(event)
  })
  out.on('data', take)
  // When an actor exits before it has read its commands, its exit is reported and not the broken pipe.
  for (const stream of [out, line]) stream.on('error', () => {})
  line.write(`${JSON.stringify({ name, config, hasDeathSignal: launcher.length > 0 })}\n`)

  return {
    name,
    id: child.pid,
    begun,
    events: history.events,
    until: history.until,
    tell: (word) => void line.write(`${JSON.stringify(word)}\n`),
    kill(signal) {
      try {
        return child.kill(signal)
      } catch (error) {
        throw systemCallError(error, `cannot send ${signal} to the ${name} (pid ${child.pid})`)
      }
    },
    exited,
    pause: () => void out.pause(),
    resume: () => void out.resume(),
  }
}

function stream(choice: boolean | number = false): 'inherit' | 'ignore' | number {
  return typeof choice === 'number' ? choice : choice ? 'inherit' : 'ignore'
}

/** The event in a line, or undefined where the line is no event. */
function eventIn(line: string): Event | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isEvent = typeof value === 'object' && value !== null && 'event' in value && 't' in value
    // The compiler has checked the fields where the actor reports the event.
    return isEvent ? (value as Event) : undefined
  } catch {
    return undefined
  }
}

function damagedLine(name: string, pid: number | undefined, line: string): DemoFailed {
  return new DemoFailed(
    `the ${name} (pid ${pid}) reported a line that is no event: ${JSON.stringify(line.slice(0, 80))}`,
  )
}

function cannotStart(child: ChildProcess, name: string): Promise<unknown> {
  const hint = (errno: string) =>
    errno === 'EAGAIN' ? 'Raise the limit of processes of this user: ulimit -u' : undefined
  return new Promise((resolve) => {
    child.once('error', (cause) => resolve(systemCallError(cause, `cannot start the process ${name}`, hint)))
  })
}
