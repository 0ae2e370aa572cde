/** Runs an actor, in a process or in a thread. */
import { isMainThread } from 'node:worker_threads'
import type { ActorProgram, ConfigOf, WordOf } from '../../actor-types.js'
import { asOsdemoError } from '../../errors.js'
import { now, type Say, withRole } from '../../events.js'
import { createEventQueue } from './event-queue.js'
import { type Line, processLine, threadLine, writeLine } from './line.js'

/** What an actor receives from the runtime. */
export interface ActorContext<P extends ActorProgram> {
  say: Say
  config: ConfigOf<P>
  /** Waits for the next command of the supervisor. */
  nextWord(): Promise<WordOf<P>>
}

export type Act<P extends ActorProgram> = (context: ActorContext<P>) => Promise<void> | void

/**
 * Runs an actor: every entry file calls this, or `runServer`, once. An error that `act` throws becomes an `error` event, and sets
 * the exit code of a process.
 */
export function runActor<P extends ActorProgram>(act: Act<P>): void {
  runOn(isMainThread ? processLine(writeLine) : threadLine(), act)
}

/** How long a server waits at its end until the supervisor has read its last events, in milliseconds. */
const lastEventsPatience = 500

/** Runs a server. It drops events that the supervisor does not read in time, so that its clients never wait for the supervisor. */
export function runServer<P extends ActorProgram>(act: Act<P>): void {
  // A process manager may send SIGTERM to the whole process group. Only the supervisor decides when the server stops.
  process.on('SIGTERM', () => {})
  const queue = createEventQueue()
  runOn<P>(processLine(queue.write), async (context) => {
    queue.onDropped((count) => {
      const text = `${count} events were dropped, because they were not read in time.`
      context.say({ event: 'note', text, role: 'aside', data: { untold: count } })
    })
    try {
      await act(context)
    } finally {
      setTimeout(queue.close, lastEventsPatience).unref()
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
  // The casts hold because `stage.start` and `tell`, at the other end of the line, accept only these types for this actor.
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

/** The verb of a command: `fill` of `fill 4096`. */
export type Verb<Word> = Word extends `${infer First} ${string}` ? First : Word

/** Splits a command at its first space: `fill 4096` is `['fill', '4096']`, and `end` is `['end', '']`. */
export function splitWord<Word extends string>(word: Word): [verb: Verb<Word>, rest: string] {
  const [verb = '', ...rest] = word.split(' ')
  // The cast holds because the type Verb splits at the first space too.
  return [verb as Verb<Word>, rest.join(' ')]
}
