/**
 * Notices when a demo waits for something that does not happen, because another process has stopped one of its processes or taken
 * its data. The user then learns what the demo waits for, and in the end the run fails.
 *
 * Progress is an event, a line of a program, or work: a process of the run that uses a CPU or is ready. A call that begins or fails
 * with EAGAIN is no progress, because a process may try again forever. Neither is work while a process of the run is stopped,
 * because the others may wait for that one in a busy loop.
 */
import type { DemoFailed } from '../errors.js'
import type { Event, NoteFact } from '../events.js'
import { type Cast, standstill, stoppedOnes, type Watched, whatItWaitsFor } from './standstill.js'
import { haveWorked, seeWork, type WorkSeen } from './work.js'

export interface Watch {
  /** Something has happened. */
  progress(): void
  /** An event of the run: usually progress. */
  saw(event: Event): void
  /** A process or a thread has started. @returns is called when it has exited */
  add(watched: Watched): () => void
  /** The demo itself pauses for so long, in milliseconds: all limits are longer by that. */
  allow(milliseconds: number): void
  /** Has no limit while `work` is not done, because the run waits for a person. */
  untimed<T>(work: Promise<T>): Promise<T>
  /** Whether it is time for a poll to give up. What the demo claims then says more than the error of the watch. */
  isExhausted(): boolean
  stop(): void
}

export interface WatchHooks {
  /** Whether the reader of the output is slow. Then the processes of the run wait for it. */
  isFull(): boolean
  note(fact: NoteFact): void
  fail(error: DemoFailed): void
}

/** Milliseconds without progress after which the user learns what the demo waits for, polls give up, and the run fails. */
export interface Limits {
  tell: number
  giveUp: number
  fail: number
}

export const usualLimits: Limits = { tell: 2000, giveUp: 8000, fail: 10_000 }

/** Milliseconds between two looks. */
const interval = 250

export function createWatch({ isFull, note, fail }: WatchHooks, limits = usualLimits): Watch {
  const cast: Cast = { awaitable: new Set(), names: new Map() }
  let idle = 0
  let told = false
  let allowed = 0
  let persons = 0
  let tick = performance.now()
  let last: WorkSeen | undefined
  const progress = () => {
    idle = 0
    told = false
    last = undefined
  }
  const timer = setInterval(() => {
    // While osdemo itself is stopped, no time passes for the demo.
    const elapsed = Math.min(performance.now() - tick, 2 * interval)
    tick = performance.now()
    if (persons > 0 || isFull()) return progress()
    const threads = [...cast.awaitable].filter(({ kind }) => kind === 'thread')
    const seen = seeWork(threads.map(({ id }) => id))
    const isStopped = stoppedOnes(cast).length > 0
    if (last && haveWorked(last, seen) && !isStopped) progress()
    else idle += elapsed
    last = seen
    // A stopped process does not continue after a pause either.
    const more = isStopped ? 0 : allowed
    if (idle >= limits.tell + more && !told) {
      told = true
      for (const fact of whatItWaitsFor(cast)) note(fact)
    }
    if (idle < limits.fail + more) return
    clearInterval(timer)
    fail(standstill(cast, idle))
  }, interval).unref()
  return {
    progress,
    saw(event) {
      const asksAgain = event.event === 'call' && (event.phase === 'begin' || event.errno === 'EAGAIN')
      if (!asksAgain) progress()
      if (event.event === 'started' && event.kind === 'process') cast.names.set(event.child, event.name)
      if (event.event === 'exited') cast.names.delete(event.child)
    },
    add(watched) {
      cast.awaitable.add(watched)
      return () => void cast.awaitable.delete(watched)
    },
    allow(milliseconds) {
      allowed = Math.max(allowed, milliseconds)
    },
    async untimed(work) {
      persons++
      try {
        return await work
      } finally {
        persons--
      }
    },
    isExhausted: () => idle >= limits.giveUp + allowed,
    stop: () => clearInterval(timer),
  }
}
