/**
 * What a demo holds of an actor, be it a process or a thread: its events, its end, a way to speak to it. The two kinds
 * differ only in how they are started (start-process.ts, start-thread.ts).
 */
import { DemoFailed, OsdemoError } from '../errors.js'
import type { ErrorFact, Event } from '../events.js'

/** What became of an actor. A thread has no signal. */
export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface Actor {
  /** The role it plays: `reader`, `server`. */
  readonly name: string
  /** Its pid; of a thread, its kernel thread id. */
  readonly id: number
  /** The first event, past or to come, that matches. Rejects when the actor ends without one. */
  until<E extends Event['event']>(event: E, matches?: (event: EventOf<E>) => boolean): Promise<EventOf<E>>
  /** Its events so far, oldest first; of a long run the last 10,000 or more. */
  readonly events: readonly Event[]
  /** Sends a word that the actor waits for. */
  tell(word: string): void
  kill(signal?: NodeJS.Signals): void
  /** Its end, however it came about; never rejects. */
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

/** Which program an actor runs, and as whom it speaks. */
export interface Part {
  /** An entry file of `src/actors`, without its ending. */
  program: string
  /** The role it plays in this demo; each role is one lane of the picture. */
  name: string
  /** What the program is told; every program exports the type of its config. */
  config: unknown
}

/** A server may run for weeks: what it said long ago is forgotten. */
const remembered = 10_000

/** Remembers events and hands them to whoever waits. */
export function createMemory(name: string) {
  const events: Event[] = []
  const waiting = new Set<{ take(event: Event): void; fail(): void }>()
  let over = false
  return {
    events,
    add(event: Event) {
      if (events.push(event) >= 2 * remembered) events.splice(0, remembered)
      for (const waiter of waiting) waiter.take(event)
    },
    /** The actor has ended, and whoever asks how has been told: nobody needs to wait any longer. */
    close() {
      over = true
      for (const waiter of waiting) waiter.fail()
    },
    until<E extends Event['event']>(kind: E, matches: (event: EventOf<E>) => boolean = () => true) {
      return new Promise<EventOf<E>>((resolve, reject) => {
        const waiter = {
          take(event: Event) {
            if (event.event !== kind || !matches(event as EventOf<E>)) return
            waiting.delete(waiter)
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

/** An error that an actor reported, as the error it was there. */
export function errorOf(fact: ErrorFact): OsdemoError {
  return new OsdemoError(fact.message, fact.exit, { hint: fact.hint, call: fact.call, errno: fact.errno })
}
