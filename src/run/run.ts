/**
 * The supervisor. It runs one demo on a stage, never blocks, and ends the run when the first of these happens: the demo
 * is done, an actor fails, a signal comes, time is up, nobody reads our output. Whatever happens, what the demo made is
 * released.
 */
import { constants, release } from 'node:os'
import { asOsdemoError, DemoFailed, Interrupted, TimedOut } from '../errors.js'
import { type ErrorFact, type Event, type Fact, now, type Say, withRole } from '../events.js'
import { bootId } from '../proc/boot.js'
import { createSequencer } from './event-order.js'
import { endOutputs, type Output } from './output.js'
import { version } from './package.js'
import { createScope } from './scope.js'
import { onEndingSignal } from './signals.js'
import { createStage, type Demo } from './stage.js'
import { sweep } from './sweep.js'

export interface RunOptions {
  /** The words of the command line, for the `run` event. */
  command: string[]
  /** Where the run is shown. */
  output: Output
  /** Where it is written as well. */
  records: Output[]
  /** Ends the run with TimedOut. */
  timeout?: { milliseconds: number; text: string } | undefined
  /** The first SIGINT or SIGTERM asks the demo to stop instead of ending the run. */
  graceful?: boolean | undefined
}

/** The same signal once more within so many microseconds is no second one. */
export const echoOfSignal = 20_000

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
 * @returns when every claim held: whether the user asked it to stop
 * @throws OsdemoError as the errors of the demo, of its actors, or of the run itself (Interrupted, TimedOut,
 *   OutputClosed). The error has been said as an event by then.
 */
export async function run(demo: Demo, options: RunOptions): Promise<boolean> {
  const { output } = options
  const outputs = [output, ...options.records]
  const sequencer = createSequencer((event) => {
    for (const each of outputs) each.write(event)
  })
  const say: Say = (fact, at = now()) => sequencer.push(stamped(fact, at))

  const { promise: aborted, reject: abort } = deferred<never>()
  let over = false
  aborted.catch(() => {
    over = true
  })
  const { promise: stopped, resolve: stop } = deferred<void>()
  for (const each of outputs) each.onFailure(abort)
  const timer =
    options.timeout &&
    setTimeout(() => abort(new TimedOut(options.timeout!.text)), options.timeout.milliseconds)
  let stopSignal: NodeJS.Signals | undefined
  let stopTime = 0
  onEndingSignal((signal) => {
    // timeout(1) signals its child and then the whole group: one request, which comes twice.
    if (signal === stopSignal && now() - stopTime < echoOfSignal) return
    const asks = options.graceful && !stopSignal && (signal === 'SIGINT' || signal === 'SIGTERM')
    if (!asks) return abort(new Interrupted(signal, constants.signals[signal]))
    stopSignal = signal
    stopTime = now()
    stop()
    // Whoever does not read what we tell must not keep a server from ending.
    output.hurry()
  })

  const play = async (): Promise<boolean> => {
    await using scope = createScope()
    sayRun(say, options.command)
    for (const { kind, name: id, users } of sweep()) {
      if (users.length > 0) continue
      say({ event: 'removed', kind, id })
      say({ event: 'note', text: 'an earlier run had left it' })
    }
    const { stage, verdict } = createStage({
      say,
      scope,
      abort,
      sequencer,
      output,
      stopped,
      stopSignal: () => stopSignal,
      isOver: () => over,
    })
    const playing = demo(stage)
    // When the run is aborted the demo is left behind in whatever it waits for; how that fails interests nobody.
    playing.catch(() => {})
    await Promise.race([playing, aborted])
    if (verdict.failure) throw verdict.failure
    const { falseClaims } = verdict
    if (falseClaims.length > 0) throw new DemoFailed(`not so on this machine: ${falseClaims.join('; ')}`)
    return stopSignal !== undefined
  }

  let failure: unknown
  let asked = false
  try {
    asked = await play()
  } catch (error) {
    failure = error
    say(errorFact(error))
  }
  clearTimeout(timer)
  onEndingSignal(() => {})
  sequencer.close()
  const unsaved = endOutputs(output, options.records, (error) => stamped(errorFact(error), now()))
  failure = unsaved ?? failure
  if (failure !== undefined) throw failure
  return asked
}

function stamped(fact: Fact, t: number): Event {
  return { v: 1, t, pid: process.pid, tid: process.pid, actor: 'osdemo', ...withRole(fact) }
}

function errorFact(error: unknown): ErrorFact {
  return { event: 'error', ...asOsdemoError(error, 'the run failed').fact }
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
