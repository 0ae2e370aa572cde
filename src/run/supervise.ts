/**
 * Starts actors and programs for a stage and supervises them: the scope of the stage kills them, and when an actor fails, the
 * stage fails.
 */
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { ActorKilled, DemoFailed, Interrupted, type OsdemoError } from '../errors.js'
import { type Event, now, type Say, type SignalFact } from '../events.js'
import type { Actor, BareActor, Ending, EventOf, Kill } from './actor.js'
import type { Pace } from './output.js'
import type { Scope } from './scope.js'
import type { Stage } from './stage.js'
import { startProcess } from './start-process.js'
import { startProgram } from './start-program.js'
import { startThread } from './start-thread.js'
import type { Watch } from './watch.js'

export interface Supervision {
  scope: Scope
  signal: AbortSignal
  say: Say
  emit(event: Event): void
  pace: Pace
  /** The signal with which the user asked a server to stop, if so. */
  stopSignal(): NodeJS.Signals | undefined
  /** Called for each actor, before its first event. */
  onStart(): void
  /** Notices when the processes of the stage make no progress. */
  watch: Watch | undefined
  /** Makes the stage fail with the first of these errors, and aborts it at once or when `since` resolves. */
  fail(error: OsdemoError, since?: Promise<unknown>): void
}

/** How long an actor may take to exit after it has reported an error, in milliseconds. Then it is killed. */
const exitPatience = 300

/** The methods of a stage that start actors and programs. */
export function supervise(on: Supervision): Pick<Stage, 'start' | 'startThread' | 'startProgram'> {
  const { scope, signal, say, emit, pace, watch } = on

  /** Reports the start and the exit of an actor, and has the scope kill it. @returns the actor, which the demo may kill too */
  function adopt<Word>(actor: BareActor<Word>, kind: 'process' | 'thread'): Actor<Word> {
    on.onStart()
    const about = { child: actor.id, name: actor.name, kind }
    say({ event: 'started', ...about }, actor.begun)
    let killed = false
    const send = reportingKill(say, actor.kill, { to: actor.id, name: actor.name })
    const kill = (signal?: NodeJS.Signals) => {
      // An actor that was only stopped and continued must still succeed.
      killed ||= signal !== 'SIGSTOP' && signal !== 'SIGCONT'
      send(signal)
    }
    const awaits = awaiting(signal)
    const leave = watch?.add({
      ...actor,
      kind,
      isAwaited: () => awaits.count > 0,
      isSilent: () => actor.events.length === 0,
    })
    void actor.exited.then((ending) => {
      leave?.()
      say({ event: 'exited', ...about, ...ending })
      const asked = ending.signal !== null && ending.signal === on.stopSignal()
      if (!killed && !asked && ending.code !== 0) on.fail(endedBadly(actor, ending))
    })
    scope.defer(kill, () => actor.exited)
    return {
      ...actor,
      kill,
      get ended() {
        return awaits.ending(actor.exited)
      },
      until: <E extends Event['event']>(event: E, matches?: (event: EventOf<E>) => boolean) =>
        awaits.value(actor.until(event, matches)),
    }
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
    const result = await started.finally(done)
    signal.throwIfAborted()
    return result
  }

  return {
    start: (spec, streams = {}) =>
      starting(async () => {
        const actor = await startProcess(spec, streams, signal, {
          onEvent(event) {
            emit(event)
            if (!pace.full || signal.aborted) return
            actor.pause()
            pace.onceDrained(actor.resume)
          },
          onError,
        })
        // Its exit is noticed only when its events have been read to the end.
        signal.addEventListener('abort', actor.resume, { once: true })
        return adopt(actor, 'process')
      }),
    startThread: (spec) =>
      starting(() =>
        startThread(spec, signal, (actor) => adopt(actor, 'thread'), { onEvent: emit, onError }),
      ),
    startProgram: (name, words, onLine = () => {}) =>
      starting(async () => {
        const hear = (line: string) => {
          watch?.progress()
          onLine(line)
        }
        const program = await startProgram(name, words, hear, signal)
        const about = { child: program.id, name, kind: 'process' } as const
        say({ event: 'started', ...about })
        const awaits = awaiting(signal)
        const leave = watch?.add({
          ...program,
          kind: 'process',
          isAwaited: () => awaits.count > 0,
          isSilent: () => false,
        })
        const reported = program.exited.then((ending) => {
          leave?.()
          say({ event: 'exited', ...about, ...ending })
        })
        const kill = reportingKill(say, program.kill, { to: program.id, name, group: true })
        scope.defer(kill, () => reported)
        return {
          ...program,
          kill,
          get ended() {
            return awaits.ending(program.exited)
          },
        }
      }),
  }
}

/** Reports each signal with the time just before it is sent: its effect may come before kill(2) returns. */
function reportingKill(say: Say, kill: Kill, about: Pick<SignalFact, 'to' | 'name' | 'group'>) {
  return (signal: NodeJS.Signals = 'SIGKILL') => {
    const at = now()
    if (kill(signal)) say({ event: 'signal', signal, from: process.pid, ...about }, at)
  }
}

/**
 * What a demo awaits of a process. When the stage has been aborted meanwhile, it rejects: otherwise the demo would take one more
 * step, and the process may have died just before that.
 */
function awaiting(signal: AbortSignal) {
  let count = 0
  const value = async <T>(promise: Promise<T>): Promise<T> => {
    count++
    try {
      return await promise
    } finally {
      count--
      signal.throwIfAborted()
    }
  }
  return {
    get count() {
      return count
    },
    value,
    ending(exited: Promise<Ending>): Promise<Ending> {
      const ended = value(exited)
      // Not every demo that looks at it awaits it.
      ended.catch(() => {})
      return ended
    },
  }
}

/** The terminal sends these to the whole process group. An actor that is still starting does not ignore them yet. */
const terminalSignals: readonly (string | null)[] = ['SIGINT', 'SIGHUP', 'SIGQUIT']

/** The kernel sends these to a process that has done something wrong, or the process sends it to itself, as abort(3) does. */
const crashSignals: readonly string[] = [
  'SIGABRT',
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
  'SIGSYS',
]

function endedBadly(actor: BareActor, { code, signal }: Ending): OsdemoError {
  if (signal && terminalSignals.includes(signal)) return new Interrupted(signal, constants.signals[signal])
  const who = `the ${actor.name} (pid ${actor.id})`
  if (signal) {
    const hint = crashSignals.includes(signal)
      ? 'It may have crashed: read its message above. Then run the command again.'
      : 'Another process sent the signal. Run the command again.'
    return new ActorKilled(`${who} was killed by ${signal}`, signal, hint)
  }
  return new DemoFailed(`${who} exited with code ${code}`, {
    hint: 'Read its message above. Then run the command again.',
  })
}
