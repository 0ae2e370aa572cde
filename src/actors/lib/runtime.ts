/**
 * What every actor begins with, process or thread: its line to the supervisor, its config, and how it dies with it.
 * The other side of this protocol is run/start-process.ts and run/start-thread.ts.
 */
import { readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { ActorProgram, ConfigOf, WordOf } from '../../actor-types.js'
import { asOsdemoError, Unavailable } from '../../errors.js'
import { type Event, now, type Say, withRole } from '../../events.js'
import { dieWithParent } from '../../ipc/libc.js'
import { ownThreadId } from '../../proc/links.js'
import { lineSplitter } from '../../text.js'

const lineOut = 3
const lineIn = 4

/** What an actor works with. */
export interface ActorContext<P extends ActorProgram> {
  say: Say
  config: ConfigOf<P>
  /** The next word that the supervisor tells this actor. */
  nextWord(): Promise<WordOf<P>>
}

interface Line {
  name: string
  config: unknown
  tid: number
  send(event: Event): void
  onWord(listen: (word: unknown) => void): void
  /** Whether this line alone keeps the actor alive. */
  keepAlive(alive: boolean): void
}

export type Act<P extends ActorProgram> = (context: ActorContext<P>) => Promise<void> | void

/**
 * Runs an actor: every entry file calls this, or `runServer`, once. What `act` throws becomes an `error` event, and the exit
 * code of a process.
 */
export function runActor<P extends ActorProgram>(act: Act<P>): void {
  runOn(isMainThread ? processLine(writeLine) : threadLine(), act)
}

/** Runs a server: its clients must never wait because nobody reads its events. */
export function runServer<P extends ActorProgram>(act: Act<P>): void {
  // A process manager may send SIGTERM to the whole process group. The supervisor decides when the server stops.
  process.on('SIGTERM', () => {})
  const queue = createQueue()
  runOn<P>(processLine(queue.write), async (context) => {
    try {
      await act(context)
    } finally {
      setTimeout(queue.giveUp, watcherPatience).unref()
    }
  })
}

function runOn<P extends ActorProgram>(line: Line, act: Act<P>): void {
  const say: Say = (fact, at = now()) =>
    line.send({ v: 1, t: at, pid: process.pid, tid: line.tid, actor: line.name, ...withRole(fact) })
  const fail = (error: unknown) => {
    const { fact } = asOsdemoError(error, `the ${line.name} failed`)
    say({ event: 'error', ...fact })
    process.exitCode = fact.exit
  }
  process.on('uncaughtException', fail)
  // The casts hold because `stage.start` and `tell`, on the other side of the line, take nothing else for this actor.
  const config = line.config as ConfigOf<P>
  const nextWord = wordQueue(line) as () => Promise<WordOf<P>>
  Promise.resolve({ say, config, nextWord }).then(act).catch(fail)
}

function wordQueue(line: Line): () => Promise<unknown> {
  const words: unknown[] = []
  let waiting: ((word: unknown) => void) | undefined
  line.onWord((word) => {
    if (waiting) waiting(word)
    else words.push(word)
    waiting = undefined
  })
  return async () => {
    if (words.length > 0) return words.shift()
    line.keepAlive(true)
    const next = await new Promise<unknown>((resolve) => {
      waiting = resolve
    })
    line.keepAlive(false)
    return next
  }
}

/** What a word begins with: `fill` of `fill 4096`. */
export type Verb<Word> = Word extends `${infer First} ${string}` ? First : Word

/** Splits a word at its first space: `fill 4096` is `['fill', '4096']`, and `end` is `['end', '']`. */
export function splitWord<Word extends string>(word: Word): [verb: Verb<Word>, rest: string] {
  const [verb = '', ...rest] = word.split(' ')
  // This is what the type Verb does.
  return [verb as Verb<Word>, rest.join(' ')]
}

/** Death with the supervisor. Not process.exit: that waits for a thread of the pool which is parked in open(2). */
function die(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('unreachable: SIGKILL cannot be caught')
}

/**
 * Where there was no setpriv(1) to do it: the kernel is to kill us when the supervisor dies. Without FFI there is only fd 4,
 * which an actor that waits in a call does not look at.
 */
function leashOurselves(): void {
  const supervisor = process.ppid
  try {
    dieWithParent()
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
  }
  if (process.ppid !== supervisor) die()
}

function processLine(write: (text: string) => void): Line {
  // The terminal sends these to the whole foreground group. What they mean is the supervisor's to decide.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {})
  const { text, rest } = firstLine()
  const { leashed, ...start } = JSON.parse(text) as { name: string; config: unknown; leashed: boolean }
  if (!leashed) leashOurselves()
  const socket = new Socket({ fd: lineIn })
  return {
    ...start,
    tid: process.pid,
    send: (event) => write(`${JSON.stringify(event)}\n`),
    onWord(listen) {
      const take = lineSplitter((line) => listen(JSON.parse(line)))
      // A word may have come along with the config.
      take(rest)
      socket.setEncoding('utf8').on('data', take)
      // Unreferenced: an actor that has done its part ends, although the supervisor still holds the line.
      socket.on('end', die).on('error', die).unref()
    },
    keepAlive: (alive) => void (alive ? socket.ref() : socket.unref()),
  }
}

/** Read synchronously, before anything else: the config decides what this process is. */
function firstLine(): { text: string; rest: string } {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(65_536)
    const length = readSync(lineIn, chunk)
    if (length === 0) die()
    const end = chunk.subarray(0, length).indexOf(10)
    if (end < 0) {
      chunks.push(chunk.subarray(0, length))
      continue
    }
    const text = Buffer.concat([...chunks, chunk.subarray(0, end)]).toString()
    return { text, rest: chunk.toString('utf8', end + 1, length) }
  }
}

/** Synchronously, so that what is said before a call that blocks is known while it blocks. */
function writeLine(text: string): void {
  const bytes = Buffer.from(text)
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(lineOut, bytes, done)
  } catch {
    die()
  }
}

/** How many bytes of events may wait to be read by the supervisor before further ones are only counted. */
const queueLimit = 1024 * 1024

/** How long a server that has ended waits for whoever watches it to read the rest, in milliseconds. */
const watcherPatience = 500

/** Writes without ever waiting. What is not told because nobody reads is counted, and the count is told. */
function createQueue(): { write(text: string): void; giveUp(): void } {
  const out = new Socket({ fd: lineOut, readable: false }).on('error', die)
  let untold = 0
  out.on('drain', () => {
    if (untold === 0) return
    const text = `${untold} events were not told: nobody read them in time`
    untold = 0
    const stamp = { v: 1, t: now(), pid: process.pid, tid: process.pid, actor: 'server' } as const
    out.write(`${JSON.stringify({ ...stamp, event: 'note', text, role: 'aside' } satisfies Event)}\n`)
  })
  return {
    write(text) {
      if (out.writableLength > queueLimit) untold++
      else out.write(text)
    },
    giveUp: () => void out.destroy(),
  }
}

function threadLine(): Line {
  const { name, config } = workerData as { name: string; config: unknown }
  const tid = ownThreadId() ?? 0
  parentPort!.postMessage({ tid })
  return {
    name,
    config,
    tid,
    send: (event) => parentPort!.postMessage(event),
    onWord: (listen) => parentPort!.on('message', listen).unref(),
    keepAlive: (alive) => (alive ? parentPort!.ref() : parentPort!.unref()),
  }
}
