/**
 * An actor, as a demo sees it: its events, its exit, and a way to send it commands. Actors that are processes and those that are
 * threads differ only in how they are started (start-process.ts, start-thread.ts).
 */
import type { MessagePort } from 'node:worker_threads'
import type { ActorProgram, ConfigOf, WordOf } from '../actor-types.js'
import { DemoFailed, type OsdemoError } from '../errors.js'
import type { Event } from '../events.js'

/** How an actor or a program exited. For a thread `signal` is null. */
export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

/** @template Word the commands that it accepts; a helper that sends none takes any `Actor` */
export interface Actor<Word = never> {
  /** Its name in this demo: `reader`, `server`. */
  readonly name: string
  /** Its pid, or the kernel's id of the thread. */
  readonly id: number
  /**
   * The first event that matches, past or future. Rejects when the actor exits without such an event, and when the stage is
   * aborted.
   */
  until<E extends Event['event']>(event: E, matches?: (event: EventOf<E>) => boolean): Promise<EventOf<E>>
  /** Its events so far, oldest first: at least the last 10,000. */
  readonly events: readonly Event[]
  /** Sends a command. It waits in the line until the actor asks for the next one. */
  tell(word: Word): void
  /** Sends a signal, SIGKILL unless another is given, and terminates a thread. */
  kill(signal?: NodeJS.Signals): void
  /** Resolves when it has exited. Rejects when the stage is aborted, also when it is aborted because of this exit. */
  readonly ended: Promise<Ending>
  /** Resolves when it has exited, for any reason. Never rejects. It is for what has to be done in an aborted stage too. */
  readonly exited: Promise<Ending>
}

/** An actor as it is started, before a stage supervises it. */
export interface BareActor<Word = never> extends Omit<Actor<Word>, 'ended' | 'kill'> {
  /** The time just before it was started: it may report something before its supervisor reports the start. */
  readonly begun: number
  kill: Kill
}

/** Sends a signal. @returns whether the process could still receive one; false for a thread, which is terminated instead */
export type Kill = (signal: NodeJS.Signals) => boolean

/** The events of this name. One type may have several names. */
export type EventOf<E extends Event['event']> = Event extends infer One
  ? One extends { event: infer Name }
    ? E extends Name
      ? One
      : never
    : never
  : never

/** An actor of this program, which accepts the commands of the program. */
export type ActorOf<P extends ActorProgram> = Actor<WordOf<P>>

/** What to start: the program of an actor, and its name in this demo. */
export interface ActorSpec<P extends ActorProgram = ActorProgram> {
  /** A file of `src/actors`, without its ending. */
  program: P
  /** Such as `reader`. Each name is one lane in a picture. */
  name: string
  config: ConfigOf<P>
  /**
   * Only for a process: the shell that becomes the actor first stops itself with SIGSTOP, until the demo continues it. Without
   * setpriv(1) there is no shell, and it does not stop.
   */
  stopsFirst?: boolean
  /** Only for a thread: what of the config moves to it, and is not copied. */
  moves?: MessagePort[]
  /** Only for a process: words that start it in place of the usual ones, such as in namespaces of its own (isolation.ts). */
  launcher?: readonly string[]
}

/** What the supervisor does with the events of an actor. */
export interface ActorListener {
  onEvent(event: Event): void
  /**
   * An error that the actor reported, or a failure of its line or its thread.
   *
   * @param ended resolves when the actor has exited
   */
  onError(error: OsdemoError, ended: Promise<Ending>): void
}

/** At least this many events are kept. A server may run for weeks, so older ones are dropped. */
const remembered = 10_000

/** The events of an actor so far, and the callers that wait for another. */
export function createHistory(name: string) {
  const events: Event[] = []
  const waiting = new Set<{ take(event: Event): void; fail(): void }>()
  let over = false
  return {
    events,
    add(event: Event) {
      if (events.push(event) >= 2 * remembered) events.splice(0, remembered)
      for (const waiter of waiting) waiter.take(event)
    },
    /** The actor has exited. Code that awaits `ended` runs before the waiters fail, so the run reports the exit itself. */
    close() {
      setImmediate(() => {
        over = true
        for (const waiter of waiting) waiter.fail()
      })
    },
    until<E extends Event['event']>(kind: E, matches: (event: EventOf<E>) => boolean = () => true) {
      return new Promise<EventOf<E>>((resolve, reject) => {
        const waiter = {
          take(event: Event) {
            // The name decides the type.
            if (event.event !== kind || !matches(event as EventOf<E>)) return
            waiting.delete(waiter)
            // The name decides the type.
            resolve(event as EventOf<E>)
          },
          fail: () =>
            reject(
              new DemoFailed(`the ${name} exited before it reported what the demo waited for (${kind})`),
            ),
        }
        waiting.add(waiter)
        for (const event of events) waiter.take(event)
        if (over && waiting.has(waiter)) waiter.fail()
      })
    },
  }
}
