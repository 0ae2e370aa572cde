/**
 * The supervisor. It runs one demo on a stage, never blocks, and ends the run when the first of these happens: the demo
 * is done, an actor fails, a signal comes, time is up, nobody reads our output. Whatever happens, what the demo made is
 * released.
 */
import { constants, release } from 'node:os'
import { asOsdemoError, DemoFailed, Interrupted, TimedOut } from '../errors.js'
import { type Event, now, type Say } from '../events.js'
import { debug } from '../log.js'
import { bootId } from '../proc/boot.js'
import { type Actor, errorOf, type Part } from './cast.js'
import { sweep } from './ledger.js'
import { createSequencer } from './order.js'
import type { Output } from './output.js'
import { version } from './package.js'
import { createScope, type Scope } from './scope.js'
import { type Streams, startProcess } from './start-process.js'
import { startThread } from './start-thread.js'

/** What a demo works with. */
export interface Stage {
  /** Speaks as the director. */
  say: Say
  note(text: string): void
  evidence(source: string, value: string, about: string): void
  /** States what was shown, and gives `holds` back. One that does not hold makes the run exit 1. */
  claim(text: string, holds: boolean): boolean
  /** Starts a process; it dies with the run. When it fails or is killed by somebody else, the run fails. */
  start(part: Part, streams?: Streams): Promise<Actor>
  /** Starts a thread of this process; the same holds. */
  startThread(part: Part): Promise<Actor>
  /** Polls until `look` finds something (neither undefined nor false), at most `milliseconds`; then undefined. */
  poll<T>(look: () => T | undefined | false, milliseconds?: number): Promise<T | undefined>
  scope: Scope
  /** Resolves when the user asks a server to stop; only where the command said that it stops `gracefully`. */
  stopped: Promise<void>
}

export type Demo = (stage: Stage) => Promise<void>

export interface RunOptions {
  /** The words of the command line, for the `run` event. */
  command: string[]
  output: Output
  /** Ends the run with TimedOut. */
  timeout?: { milliseconds: number; text: string } | undefined
  /** The first SIGINT or SIGTERM asks the demo to stop instead of ending the run. */
  graceful?: boolean | undefined
}

/** Speaks the first event of a run, or of a part of a longer one. */
export function sayRun(say: Say, command: string[]): void {
  say({
    event: 'run',
    command,
    version,
    boot: bootId(),
    wall: new Date().toISOString(),
    node: process.version,
    kernel: `${process.platform} ${release()}`,
  })
}

/**
 * Runs a demo to its end.
 *
 * @returns normally when every claim held
 * @throws OsdemoError as the errors of the demo, of its actors, or of the run itself (Interrupted, TimedOut,
 *   OutputClosed). The error has been said as an event by then.
 */
export async function run(demo: Demo, options: RunOptions): Promise<void> {
  const { output } = options
  const sequencer = createSequencer((event) => output.write(event))
  const say: Say = (fact, at = now()) =>
    sequencer.push({ v: 1, t: at, pid: process.pid, tid: process.pid, actor: 'director', ...fact })

  const { promise: aborted, reject: abort } = deferred<never>()
  const { promise: stopped, resolve: stop } = deferred<void>()
  output.onFailure(abort)
  const timer =
    options.timeout &&
    setTimeout(() => abort(new TimedOut(options.timeout!.text)), options.timeout.milliseconds)
  let mayStop = options.graceful ?? false
  onEndingSignal((signal) => {
    if (mayStop && (signal === 'SIGINT' || signal === 'SIGTERM')) stop()
    else abort(new Interrupted(signal, constants.signals[signal]))
    mayStop = false
  })

  try {
    await using scope = createScope()
    sayRun(say, options.command)
    for (const id of sweep()) {
      say({ event: 'removed', kind: 'fifo', id })
      say({ event: 'note', text: 'an earlier run that was killed had left it' })
    }
    const { stage, falseClaims } = createStage({ say, scope, abort, sequencer, output, stopped })
    const playing = demo(stage)
    // When the run is aborted the demo is left behind in whatever it waits for; how that fails interests nobody.
    playing.catch(() => {})
    await Promise.race([playing, aborted])
    if (falseClaims.length > 0) throw new DemoFailed(`not so on this machine: ${falseClaims.join('; ')}`)
  } catch (error) {
    say({ event: 'error', ...asOsdemoError(error, 'the run failed').fact })
    throw error
  } finally {
    clearTimeout(timer)
    onEndingSignal(() => {})
    sequencer.close()
    output.end()
  }
}

let handleSignal: ((signal: NodeJS.Signals) => void) | undefined

/**
 * Says who hears a signal that asks us to end. The listeners stay until the process has ended: without one, a second
 * Ctrl-C would kill us in the middle of cleaning up.
 */
function onEndingSignal(handler: (signal: NodeJS.Signals) => void): void {
  const first = handleSignal === undefined
  handleSignal = handler
  if (!first) return
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      debug({ signal }, 'signal')
      handleSignal?.(signal)
    })
  }
}

/** A promise with its levers outside, and a rejection that may stay unheard. */
function deferred<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}

interface Backstage {
  say: Say
  scope: Scope
  abort: (error: unknown) => void
  sequencer: { push(event: Event): void }
  output: Output
  stopped: Promise<void>
}

function createStage({ say, scope, abort, sequencer, output, stopped }: Backstage) {
  const falseClaims: string[] = []
  /** Actors whose events wait until the view can take more. */
  const paused = new Set<{ resume(): void }>()

  function adopt(actor: Actor, kind: 'process' | 'thread'): void {
    const about = { child: actor.id, name: actor.name, kind }
    say({ event: 'started', ...about })
    let dismissed = false
    scope.defer(
      () => {
        dismissed = true
        actor.kill()
      },
      () => actor.ended,
    )
    actor.ended.then((ending) => {
      say({ event: 'exited', ...about, ...ending })
      if (!dismissed && ending.code !== 0) abort(endedBadly(actor, ending))
    })
  }

  const stage: Stage = {
    say,
    scope,
    stopped,
    note: (text) => say({ event: 'note', text }),
    evidence: (source, value, about) => say({ event: 'evidence', source, value, about }),
    claim(text, holds) {
      say({ event: 'claim', text, holds })
      if (!holds) falseClaims.push(text)
      return holds
    },
    async start(part, streams = {}) {
      const actor = await startProcess(part, streams, (event) => {
        // The run ends with an actor's error, and says it then.
        if (event.event === 'error') return abort(errorOf(event))
        sequencer.push(event)
        if (!output.full || paused.has(actor)) return
        actor.pause()
        paused.add(actor)
        output.onceDrained(() => {
          paused.delete(actor)
          actor.resume()
        })
      })
      adopt(actor, 'process')
      return actor
    },
    async startThread(part) {
      const actor = await startThread(part, (event) => {
        if (event.event === 'error') abort(errorOf(event))
        else sequencer.push(event)
      })
      adopt(actor, 'thread')
      return actor
    },
    async poll(look, milliseconds = 5000) {
      for (const end = now() + milliseconds * 1000; ; ) {
        const found = look()
        if (found !== undefined && found !== false) return found
        if (now() > end) return undefined
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
  return { stage, falseClaims }
}

function endedBadly(
  actor: Actor,
  { code, signal }: { code: number | null; signal: string | null },
): DemoFailed {
  const how = signal ? `was killed by ${signal}` : `ended with exit code ${code}`
  return new DemoFailed(`the ${actor.name} (pid ${actor.id}) ${how}`, {
    hint: signal ? 'somebody else ended it; run the command again' : undefined,
  })
}
