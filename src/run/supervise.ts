/**
 * Starts actors and programs for a stage, and watches over them: each dies with the scope of its stage, and an actor that
 * fails makes the stage fail.
 */
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { DemoFailed, Interrupted, type OsdemoError } from '../errors.js'
import type { Event, Say } from '../events.js'
import type { Actor, Ending } from './actor.js'
import type { Output } from './output.js'
import type { Scope } from './scope.js'
import type { Stage } from './stage.js'
import { startProcess } from './start-process.js'
import { startProgram } from './start-program.js'
import { startThread } from './start-thread.js'

export interface Supervision {
  scope: Scope
  signal: AbortSignal
  say: Say
  emit(event: Event): void
  output: Output
  /** The signal by which the user asked a server to stop, once that has happened. */
  stopSignal(): NodeJS.Signals | undefined
  /** Is called for each actor, before it reports anything. */
  onStart(): void
  /** Makes the stage fail with the first such error, and aborts it: at once, or when `since` resolves. */
  fail(error: OsdemoError, since?: Promise<unknown>): void
}

/** How long an actor that has reported an error may take to exit, in milliseconds, before it is killed. */
const exitPatience = 300

/** What a stage starts actors with. */
export function supervise(on: Supervision): Pick<Stage, 'start' | 'startThread' | 'startProgram'> {
  const { scope, signal, say, emit, output } = on

  /** Reports an actor's start and exit, and registers its end. @returns the actor, which the demo itself may kill */
  function adopt<Word>(actor: Actor<Word>, kind: 'process' | 'thread'): Actor<Word> {
    on.onStart()
    const about = { child: actor.id, name: actor.name, kind }
    say({ event: 'started', ...about })
    let killed = false
    const kill = (signal?: NodeJS.Signals) => {
      // An actor that is only stopped for a while is still expected to succeed.
      killed ||= signal !== 'SIGSTOP' && signal !== 'SIGCONT'
      actor.kill(signal)
    }
    scope.defer(kill, () => actor.ended)
    void actor.ended.then((ending) => {
      say({ event: 'exited', ...about, ...ending })
      const asked = ending.signal !== null && ending.signal === on.stopSignal()
      if (!killed && !asked && ending.code !== 0) on.fail(endedBadly(actor, ending))
    })
    return { ...actor, kill }
  }

  /** An actor that reports an error usually exits by itself, and its exit code belongs to the story. */
  function onError(error: OsdemoError, ended: Promise<Ending>): void {
    on.fail(error, Promise.race([ended, sleep(exitPatience)]))
  }

  /** When the stage is aborted, what is being started is waited for and then killed: it must not outlive the stage. */
  async function starting<T>(start: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const started = start()
    const done = scope.defer(
      () => {},
      () => started,
    )
    return started.finally(done)
  }

  return {
    start: (spec, streams = {}) =>
      starting(async () => {
        const actor = await startProcess(spec, streams, signal, {
          onEvent(event) {
            emit(event)
            if (!output.full) return
            actor.pause()
            output.onceDrained(actor.resume)
          },
          onError,
        })
        return adopt(actor, 'process')
      }),
    startThread: (spec) =>
      starting(() =>
        startThread(spec, signal, (actor) => adopt(actor, 'thread'), { onEvent: emit, onError }),
      ),
    startProgram: (name, words, onLine = () => {}) =>
      starting(async () => {
        const program = await startProgram(name, words, onLine, signal)
        const about = { child: program.id, name, kind: 'process' } as const
        say({ event: 'started', ...about })
        const reported = program.ended.then((ending) => say({ event: 'exited', ...about, ...ending }))
        scope.defer(program.kill, () => reported)
        return program
      }),
  }
}

/** An actor that boots does not ignore these yet: the terminal sends them to the whole group, and we hear of it a moment later. */
const terminalSignals: readonly (string | null)[] = ['SIGINT', 'SIGHUP', 'SIGQUIT']

function endedBadly(actor: Actor, { code, signal }: Ending): OsdemoError {
  if (signal && terminalSignals.includes(signal)) return new Interrupted(signal, constants.signals[signal])
  const how = signal ? `was killed by ${signal}` : `ended with exit code ${code}`
  return new DemoFailed(`the ${actor.name} (pid ${actor.id}) ${how}`, {
    hint: signal ? 'somebody else ended it; run the command again' : undefined,
  })
}
