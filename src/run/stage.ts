/** What a demo works with: it reports notes, evidence and claims, and starts actors and programs. */
import { setMaxListeners } from 'node:events'
import type { ProgramThatRunsAs } from '../actor-types.js'
import type { OsdemoError } from '../errors.js'
import {
  type ClaimId,
  type Data,
  type Event,
  type Fact,
  type NoteRole,
  now,
  type Region,
  type Say,
  type TableRow,
  withRole,
} from '../events.js'
import type { ActorOf, ActorSpec } from './actor.js'
import type { Sequencer } from './event-order.js'
import type { Pace } from './output.js'
import { createScope, type Scope } from './scope.js'
import type { Streams } from './start-process.js'
import type { RunningProgram } from './start-program.js'
import { supervise } from './supervise.js'
import type { Watch } from './watch.js'

export interface Stage {
  /** Reports a fact of the supervisor. */
  say: Say
  /** Reports an event of a process that is no actor, such as a program of the user. */
  relay(event: Event): void
  /** osdemo exits with this code, where the run does not fail. */
  exitWith(code: number): void
  /** @param role `step` when left out */
  note(text: string, role?: NoteRole, data?: Data): void
  /**
   * Quotes the kernel.
   *
   * @param about a gloss of a few words; empty where the quotation explains itself
   * @param more `data` where the value contains a number, a list or a record; `region` where it is about memory
   */
  evidence(source: string, value: string, about: string, more?: { data?: Data; region?: Region }): void
  /**
   * States what the demo has shown. A claim that does not hold makes the run exit 1.
   *
   * @param id names what is claimed; it never changes with the wording
   * @returns `holds`
   */
  claim(id: ClaimId, text: string, holds: boolean, row?: TableRow): boolean
  /** Starts a process, which is killed with this stage. When it fails, or another process kills it, this stage fails. */
  start<P extends ProgramThatRunsAs<'process'>>(spec: ActorSpec<P>, streams?: Streams): Promise<ActorOf<P>>
  /** Starts a thread of this process. As with `start`, it is terminated with this stage, and when it fails, the stage fails. */
  startThread<P extends ProgramThatRunsAs<'thread'>>(spec: ActorSpec<P>): Promise<ActorOf<P>>
  /** Starts a program that is no actor. It is killed with this stage. Its exit never makes the stage fail. */
  startProgram(name: string, words: string[], onLine?: (line: string) => void): Promise<RunningProgram>
  /**
   * Polls until `look` returns neither undefined nor false. Returns undefined after `milliseconds`, and earlier when the demo makes
   * no progress: then the claim that follows fails.
   */
  poll<T>(look: () => T | undefined | false, milliseconds?: number): Promise<T | undefined>
  /** Waits so many milliseconds. @throws the reason of the signal */
  pause(milliseconds: number): Promise<void>
  /** The options ask for pauses of so many milliseconds, in which the demo makes no progress. */
  allowPauses(milliseconds: number): void
  /** Waits for a person. The demo makes no progress meanwhile, however long that takes. */
  untimed<T>(work: Promise<T>): Promise<T>
  /**
   * Holds all events while `work` runs, and then shows them in the order of their times. It is for actors that report events
   * later, with the times of the events.
   */
  holdEvents<T>(work: () => Promise<T>): Promise<T>
  /**
   * Runs a part of the demo on a stage of its own. Everything that the part starts and creates has been released when this
   * settles, also when the part fails.
   *
   * @param options `silent`: its events are not shown; `watch` is called with each of its events, before it is shown
   * @throws as the part does, or the error of an actor of the part
   */
  within<T>(part: (stage: Stage) => Promise<T> | T, options?: PartOptions): Promise<T>
  /** Releases everything that this stage has created. */
  scope: Scope
  /**
   * Aborts when this stage is over. The reason is a signal, `--timeout` or the error of an actor, and every method that shows or
   * starts something then throws it. A loop that only looks calls `signal.throwIfAborted()`.
   */
  signal: AbortSignal
  /** Resolves with the signal when the user asks a server to stop. Only a command that is `graceful` can be asked. */
  stopped: Promise<NodeJS.Signals>
}

export interface PartOptions {
  silent?: boolean
  watch?: (event: Event) => void
}

export type Demo = (stage: Stage) => Promise<void>

/** What the stages of a run share. */
export interface RunContext {
  sequencer: Sequencer
  pace: Pace
  /** The texts of the claims that did not hold. */
  falseClaims: string[]
  /** Why something that a stage had created could not be removed. */
  unreleased: unknown[]
  /** Resolves with the signal when the user asks a server to stop. */
  stopped: Promise<NodeJS.Signals>
  /** The signal with which the user asked a server to stop, if so. The terminal may have sent it to an actor as well. */
  stopSignal(): NodeJS.Signals | undefined
  /** The exit code of osdemo, where the run does not fail. */
  exit: number
  /** Notices when the run makes no progress. A run that waits for a person or for another program has none. */
  watch?: Watch | undefined
}

/**
 * Runs a demo, or a part of one, on a stage of its own, and then disposes of the scope of the stage.
 *
 * @param outer aborts the stage with its reason
 * @throws the error of an actor, the reason of `outer`, or else the error of the demo
 */
export async function runOnStage<T>(
  run: RunContext,
  outer: AbortSignal,
  demo: (stage: Stage) => Promise<T> | T,
  emit = run.sequencer.push,
): Promise<T> {
  await using scope = createScope((error) => run.unreleased.push(error))
  const end = new AbortController()
  const signal = AbortSignal.any([outer, end.signal])
  // Each actor listens, and Node would warn of more than ten.
  setMaxListeners(0, signal)
  let failure: OsdemoError | undefined
  const fail = (error: OsdemoError, since?: Promise<unknown>) => {
    failure ??= error
    if (since) void since.then(() => end.abort(failure))
    else end.abort(failure)
  }
  const seen = (event: Event) => {
    run.watch?.saw(event)
    emit(event)
  }
  try {
    // An aborted demo is not awaited: it may wait for something that never happens. Its next call on the stage throws.
    const result = await Promise.race([demo(createStage(run, seen, scope, signal, fail)), aborted(signal)])
    if (failure) throw failure
    return result
  } catch (error) {
    throw signal.aborted ? signal.reason : (failure ?? error)
  } finally {
    end.abort(new Error('this part of the demo is over'))
  }
}

function createStage(
  run: RunContext,
  emit: (event: Event) => void,
  scope: Scope,
  signal: AbortSignal,
  fail: (error: OsdemoError, since?: Promise<unknown>) => void,
): Stage {
  const { sequencer, pace, stopped, stopSignal, falseClaims, watch } = run
  const say: Say = (fact, at = now()) => emit(asSupervisor(fact, at))
  const show = (fact: Fact) => {
    signal.throwIfAborted()
    say(fact)
  }
  return {
    say,
    relay: emit,
    exitWith(code) {
      run.exit = code
    },
    scope,
    signal,
    stopped,
    ...supervise({
      scope,
      signal,
      say,
      emit,
      pace,
      fail,
      stopSignal,
      onStart: sequencer.actorStarted,
      watch,
    }),
    note: (text, role = 'step', data) =>
      show({ event: 'note', text, role, ...(data !== undefined && { data }) }),
    evidence: (source, value, about, more) => show({ event: 'evidence', source, value, about, ...more }),
    claim(id, text, holds, row) {
      show({ event: 'claim', id, text, holds, ...(row && { row }) })
      if (!holds) falseClaims.push(text)
      return holds
    },
    async holdEvents(work) {
      const letOut = sequencer.hold()
      try {
        return await work()
      } finally {
        letOut()
      }
    },
    async within(part, { silent = false, watch } = {}) {
      signal.throwIfAborted()
      const show = silent ? () => {} : emit
      const playing = runOnStage(run, signal, part, (event) => {
        watch?.(event)
        show(event)
      })
      // When this stage is aborted, the part releases what it has created before this stage does.
      const done = scope.defer(
        () => {},
        () => playing,
      )
      const result = await playing.finally(done)
      signal.throwIfAborted()
      return result
    },
    async poll(look, milliseconds = 20_000) {
      for (const end = now() + milliseconds * 1000; ; ) {
        signal.throwIfAborted()
        const found = look()
        if (found !== undefined && found !== false) return found
        if (now() > end) return undefined
        if (watch?.isExhausted()) {
          // The next poll has its own time.
          watch.progress()
          return undefined
        }
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    async pause(milliseconds) {
      await new Promise((resolve) => setTimeout(resolve, milliseconds))
      signal.throwIfAborted()
    },
    allowPauses: (milliseconds) => watch?.allow(milliseconds),
    untimed: (work) => watch?.untimed(work) ?? work,
  }
}

/** An event of the supervisor. */
export function asSupervisor(fact: Fact, t = now()): Event {
  return { v: 1, t, pid: process.pid, tid: process.pid, actor: 'osdemo', ...withRole(fact) }
}

/** Rejects with the reason of the signal when it aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
