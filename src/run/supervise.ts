/**
 * Starts actors and programs for a stage and supervises them: the scope of the stage kills them, and when an actor fails, the
 * stage fails.
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
  /** The signal with which the user asked a server to stop, if so. */
  stopSignal(): NodeJS.Signals | undefined
  /** Called for each actor, before its first event. */
  onStart(): void
  /** Makes the stage fail with the first of these errors, and aborts it at once or when `since` resolves. */
  fail(error: OsdemoError, since?: Promise<unknown>): void
}

/** How long an actor may take to exit after it has reported an error, in milliseconds. Then it is killed. */
const exitPatience = 300

/** The methods of a stage that start actors and programs. */
export function supervise(on: Supervision): Pick<Stage, 'start' | 'startThread' | 'startProgram'> {
  const { scope, signal, say, emit, output } = on

  /** Reports the start and the exit of an actor, and has the scope kill it. @returns the actor, which the demo may kill too */
  function adopt<Word>(actor: Actor<Word>, kind: 'process' | 'thread'): Actor<Word> {
    on.onStart()
    const about = { child: actor.id, name: actor.name, kind }
    say({ event: 'started', ...about })
    let killed = false
    const kill = (signal?: NodeJS.Signals) => {
      // An actor that was only stopped and continued must still succeed.
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

  /** After an error an actor usually exits by itself, and its exit code should be shown. */
  function onError(error: OsdemoError, ended: Promise<Ending>): void {
    on.fail(error, Promise.race([ended, sleep(exitPatience)]))
  }

  /** When the stage is aborted during a start, the start is awaited, so that the scope can kill what was started. */
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

/** The terminal sends these to the whole process group. An actor that is still starting does not ignore them yet. */
const terminalSignals: readonly (string | null)[] = ['SIGINT', 'SIGHUP', 'SIGQUIT']

function endedBadly(actor: Actor, { code, signal }: Ending): OsdemoError {
  if (signal && terminalSignals.includes(signal)) return new Interrupted(signal, constants.signals[signal])
  const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
  return new DemoFailed(`the ${actor.name} (pid ${actor.id}) ${how}`, {
    hint: signal
      ? 'Another process sent the signal. Run the command again.'
      : 'Read its message above. Then run the command again.',
  })
}
