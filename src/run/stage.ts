/** What a demo works with: it reports, starts actors, looks and claims. */
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
import type { Output } from './output.js'
import { createScope, type Scope } from './scope.js'
import type { Streams } from './start-process.js'
import type { RunningProgram } from './start-program.js'
import { supervise } from './supervise.js'

export interface Stage {
  /** Speaks as the supervisor. */
  say: Say
  /** @param role `step` when left out */
  note(text: string, role?: NoteRole): void
  /**
   * Quotes the kernel.
   *
   * @param more `data` where the value is a number, a list or a record; `region` where it is about memory
   */
  evidence(source: string, value: string, about: string, more?: { data?: Data; region?: Region }): void
  /**
   * States what was shown, and gives `holds` back. One that does not hold makes the run exit 1.
   *
   * @param id names what is claimed, and never changes with the wording
   */
  claim(id: ClaimId, text: string, holds: boolean, row?: TableRow): boolean
  /** Starts a process; it dies with this stage. When it fails, or somebody else kills it, this stage fails. */
  start<P extends ProgramThatRunsAs<'process'>>(spec: ActorSpec<P>, streams?: Streams): Promise<ActorOf<P>>
  /** Starts a thread of this process; as with `start`, it dies with this stage, and its failure is the stage's. */
  startThread<P extends ProgramThatRunsAs<'thread'>>(spec: ActorSpec<P>): Promise<ActorOf<P>>
  /** Starts a program that is no actor; it dies with this stage, and however it exits is no failure. */
  startProgram(name: string, words: string[], onLine?: (line: string) => void): Promise<RunningProgram>
  /** Polls until `look` finds something (neither undefined nor false), at most `milliseconds`; then undefined. */
  poll<T>(look: () => T | undefined | false, milliseconds?: number): Promise<T | undefined>
  /**
   * Holds back all events while `work` goes on, and then shows them in order: for actors that report afterwards what they
   * saw, with the times when they saw it.
   */
  holdEvents<T>(work: () => Promise<T>): Promise<T>
  /**
   * Runs a part of the demo on a stage of its own: whatever it starts and makes there is gone when this settles, in
   * whatever way the part ends.
   *
   * @param options `silent`: nothing of it is shown
   * @throws as the part does, or what an actor of the part failed with
   */
  within<T>(part: (stage: Stage) => Promise<T> | T, options?: { silent?: boolean }): Promise<T>
  /** Releases what this stage has made. */
  scope: Scope
  /**
   * Aborts when this stage is over, with the reason: a signal, a deadline, an actor's error. Every method that shows or starts
   * something throws this reason from then on. A loop that only looks calls `signal.throwIfAborted()`.
   */
  signal: AbortSignal
  /** Resolves when the user asks a server to stop; only where the command said that it stops `gracefully`. */
  stopped: Promise<void>
}

export type Demo = (stage: Stage) => Promise<void>

/** What all stages of a run share. */
export interface RunContext {
  sequencer: Sequencer
  output: Output
  /** The texts of the claims that did not hold. */
  falseClaims: string[]
  /** Resolves when the user asks a server to stop. */
  stopped: Promise<void>
  /** The signal by which the user did so, once that has happened: the terminal may have sent it to an actor too. */
  stopSignal(): NodeJS.Signals | undefined
}

/**
 * Runs a demo, or a part of one, on a stage of its own, and then disposes of the stage's scope.
 *
 * @param outer aborts the stage, with its reason
 * @throws the error of an actor; the reason of `outer`; else as the demo does
 */
export async function runOnStage<T>(
  run: RunContext,
  outer: AbortSignal,
  demo: (stage: Stage) => Promise<T> | T,
  emit = run.sequencer.push,
): Promise<T> {
  await using scope = createScope()
  const end = new AbortController()
  const signal = AbortSignal.any([outer, end.signal])
  let failure: OsdemoError | undefined
  const fail = (error: OsdemoError, since?: Promise<unknown>) => {
    failure ??= error
    if (since) void since.then(() => end.abort(failure))
    else end.abort(failure)
  }
  try {
    // When the stage is aborted, the demo is left behind in whatever it waits for. It ends at the next thing that it tries.
    const result = await Promise.race([demo(createStage(run, emit, scope, signal, fail)), aborted(signal)])
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
  const { sequencer, output, stopped, stopSignal, falseClaims } = run
  const say: Say = (fact, at = now()) => emit(asSupervisor(fact, at))
  const show = (fact: Fact) => {
    signal.throwIfAborted()
    say(fact)
  }
  return {
    say,
    scope,
    signal,
    stopped,
    ...supervise({
      scope,
      signal,
      say,
      emit,
      output,
      fail,
      stopSignal,
      onStart: sequencer.actorStarted,
    }),
    note: (text, role = 'step') => show({ event: 'note', text, role }),
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
    async within(part, { silent = false } = {}) {
      signal.throwIfAborted()
      const playing = runOnStage(run, signal, part, silent ? () => {} : emit)
      // When this stage is aborted, what the part has made is released before what this stage has.
      const done = scope.defer(
        () => {},
        () => playing,
      )
      return playing.finally(done)
    },
    async poll(look, milliseconds = 20_000) {
      for (const end = now() + milliseconds * 1000; ; ) {
        signal.throwIfAborted()
        const found = look()
        if (found !== undefined && found !== false) return found
        if (now() > end) return undefined
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
}

/** An event of the supervisor. */
export function asSupervisor(fact: Fact, t = now()): Event {
  return { v: 1, t, pid: process.pid, tid: process.pid, actor: 'osdemo', ...withRole(fact) }
}

/** Rejects with the reason of a signal, once it aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
