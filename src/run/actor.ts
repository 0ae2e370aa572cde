/**
 * What a demo has of an actor, be it a process or a thread: its events, its end, a way to tell it something. The two kinds
 * differ only in how they are started (start-process.ts, start-thread.ts).
 */
import type { ActorProgram, ConfigOf, WordOf } from '../actor-types.js'
import { DemoFailed, type OsdemoError } from '../errors.js'
import type { Event } from '../events.js'

/** How an actor or a program exited. A thread has no signal. */
export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

/** @template Word what it may be told; a helper that only looks at an actor takes any `Actor` */
export interface Actor<Word = never> {
  /** Its name in this demo: `reader`, `server`. */
  readonly name: string
  /** Its pid; of a thread, its kernel thread id. */
  readonly id: number
  /** The first event, past or to come, that matches. Rejects when the actor ends without one. */
  until<E extends Event['event']>(event: E, matches?: (event: EventOf<E>) => boolean): Promise<EventOf<E>>
  /** Its events so far, oldest first; of a long run the last 10,000 or more. */
  readonly events: readonly Event[]
  /** Sends a word, which the actor takes when it asks for the next one. */
  tell(word: Word): void
  kill(signal?: NodeJS.Signals): void
  /** Resolves when it has exited, for whatever reason; never rejects. */
  readonly ended: Promise<Ending>
}

/** The events of this name; one type may have several names. */
export type EventOf<E extends Event['event']> = Event extends infer One
  ? One extends { event: infer Name }
    ? E extends Name
      ? One
      : never
    : never
  : never

/** An actor of this program, with the words that it knows. */
export type ActorOf<P extends ActorProgram> = Actor<WordOf<P>>

/** What to start: an actor's program, and the name it has in this demo. */
export interface ActorSpec<P extends ActorProgram = ActorProgram> {
  /** An entry file of `src/actors`, without its ending. */
  program: P
  /** Such as `reader`; each name is a lane of the picture. */
  name: string
  config: ConfigOf<P>
}

/** What the supervisor does with what an actor reports. */
export interface ActorListener {
  onEvent(event: Event): void
  /**
   * An error that the actor reported, or that its line or its thread failed with.
   *
   * @param ended resolves when the actor has exited
   */
  onError(error: OsdemoError, ended: Promise<Ending>): void
}

/** A server may run for weeks: its oldest events are forgotten. */
const remembered = 10_000

/** An actor's events so far, and who waits for the next one. */
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
    /** The actor has exited. Waiters fail only after those who await its `ended`, so a run fails by the exit itself. */
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
            // An event of this name has this type.
            if (event.event !== kind || !matches(event as EventOf<E>)) return
            waiting.delete(waiter)
            // As above.
            resolve(event as EventOf<E>)
          },
          fail: () =>
            reject(new DemoFailed(`the ${name} ended before it said what was waited for (${kind})`)),
        }
        waiting.add(waiter)
        for (const event of events) waiter.take(event)
        if (over && waiting.has(waiter)) waiter.fail()
      })
    },
  }
}
