/**
 * Starts an actor that is a process. Its file descriptors:
 *
 *     0, 1   the user's stdin and stdout where the demo lends them, else nothing
 *     2      our stderr
 *     3      its line out: events, one JSON object a line
 *     4      its line in: the config as first line, then words, each as a line of JSON; held open by us as long as we live
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { ActorProgram, WordOf } from '../actor-types.js'
import { OsdemoError } from '../errors.js'
import type { Event } from '../events.js'
import { debug } from '../log.js'
import { lineSplitter } from '../text.js'
import { type Actor, type ActorSpec, createMemory, type Ending } from './actor.js'
import { actorEntry } from './package.js'

/** Which of the user's own streams an actor gets, straight from the kernel and at full speed. */
export interface Streams {
  stdin?: boolean
  stdout?: boolean
}

export interface ProcessActor<Word = never> extends Actor<Word> {
  /** Stops and resumes taking its events, so that a slow view slows the actor and not our memory. */
  pause(): void
  resume(): void
}

/** Whose parent is another one by now has missed the supervisor's death. Not executed, the program cannot outlive us. */
const guard = '[ "$PPID" = "$0" ] && exec "$@"'

let leash: Promise<string[]> | undefined

/**
 * The words that start a program so that the kernel kills it when we die, even by SIGKILL and even while it waits in
 * a system call: setpriv(1) of util-linux calls prctl(PR_SET_PDEATHSIG) and then executes a shell, which executes the program,
 * so the pid stays. The shell looks whether we died before that call. BusyBox has a setpriv that cannot, so it is tried, once.
 * Without it the actor does the same by FFI.
 */
export function leashWords(): Promise<string[]> {
  leash ??= new Promise((resolve) => {
    const words = ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', guard, `${process.pid}`]
    execFile(words[0]!, [...words.slice(1), 'true'], (error) => resolve(error ? [] : words))
  })
  return leash
}

/**
 * @param onEvent gets every event that the actor says, errors included
 * @throws OsdemoError when the process cannot be started
 */
export async function startProcess<P extends ActorProgram>(
  spec: ActorSpec<P>,
  streams: Streams,
  onEvent: (event: Event) => void,
): Promise<ProcessActor<WordOf<P>>> {
  const leash = await leashWords()
  const [program, ...words] = [...leash, process.execPath, actorEntry(spec.program)]
  const child = spawn(program!, words, {
    stdio: [
      streams.stdin ? 'inherit' : 'ignore',
      streams.stdout ? 'inherit' : 'ignore',
      'inherit',
      'pipe',
      'pipe',
    ],
    // Node reads these certificates before it starts, which may take longer than all the rest, and no actor speaks TLS.
    env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined },
  })
  debug({ child: child.pid, program, words }, `starting ${spec.name}`)
  if (child.pid === undefined) throw await cannotStart(child, spec.name)

  const memory = createMemory(spec.name)
  const out = child.stdio[3] as Readable
  const line = child.stdio[4] as unknown as Writable
  const take = lineSplitter((text) => {
    const event: Event = JSON.parse(text)
    memory.add(event)
    onEvent(event)
  })
  out.setEncoding('utf8').on('data', take)
  // An actor that dies before it has read its words is told by its end, not by a broken pipe.
  for (const stream of [out, line]) stream.on('error', () => {})
  const { name, config } = spec
  line.write(`${JSON.stringify({ name, config, leashed: leash.length > 0 })}\n`)

  // `close` and not `exit`: only then has everything been read that it said.
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal })
    })
  })
  ended.then(() => setImmediate(memory.close))
  return {
    name: spec.name,
    id: child.pid,
    events: memory.events,
    until: memory.until,
    tell: (word) => void line.write(`${JSON.stringify(word)}\n`),
    kill: (signal = 'SIGKILL') => void child.kill(signal),
    ended,
    pause: () => void out.pause(),
    resume: () => void out.resume(),
  }
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
