/**
 * The supervisor. It runs one demo until the first of these events: the demo returns, an actor fails, a signal arrives,
 * `--timeout` passes, or the reader of stdout has gone. In each case everything that the demo created is released.
 */
import { constants, release } from 'node:os'
import { ActorKilled, asOsdemoError, DemoFailed, Interrupted, TimedOut } from '../errors.js'
import { type ErrorFact, now, type Say } from '../events.js'
import { bootId } from '../proc/boot.js'
import { endOutputs, waitsForFile } from './end-outputs.js'
import { createSequencer } from './event-order.js'
import { type Output, paceOf } from './output.js'
import { version } from './package.js'
import type { FileOutput } from './save.js'
import { onEndingSignal } from './signals.js'
import { asSupervisor, type Demo, type RunContext, runOnStage } from './stage.js'
import { sweep } from './sweep.js'
import { createWatch, type Limits, usualLimits } from './watch.js'

export interface RunOptions {
  /** The words of the command line, for the `run` event. */
  command: string[]
  /** What the demo shows, in words, for the `run` event. */
  title?: string | undefined
  /** Where the run is shown. */
  output: Output
  /** The files of `--save`. */
  records: FileOutput[]
  /** Ends the run with TimedOut. */
  timeout?: { milliseconds: number; text: string } | undefined
  /** The first SIGINT or SIGTERM asks the demo to stop instead of ending the run. */
  graceful?: boolean | undefined
  /** The demo removes what killed runs left behind, and reports it. Otherwise the run does so before the demo. */
  sweeps?: boolean | undefined
  /** The demo waits only for its own processes. When it makes no progress, the run says what it waits for, and then fails. */
  watched?: boolean | Limits | undefined
}

/** The same signal within this many microseconds counts once: timeout(1) signals its child and then its process group. */
export const echoOfSignal = 20_000

/** How long after the death of an actor the same signal may reach osdemo, in milliseconds. */
const groupPatience = 300

/** Reports the first event of a run, or of a chapter of the tour. */
export function sayRun(say: Say, command: string[], title?: string): void {
  say({
    event: 'run',
    command,
    ...(title !== undefined && { title }),
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
 * @returns once it has ended and every claim held: whether the user asked it to stop, and the exit code, which is 0 unless the demo
 *   has named another one
 * @throws OsdemoError: the error of the demo, of an actor, or of the run itself (Interrupted, TimedOut, OutputClosed). It has
 *   been reported as an event before.
 */
export async function run(demo: Demo, options: RunOptions): Promise<{ isAsked: boolean; exit: number }> {
  const { output, records, timeout } = options
  const outputs = [output, ...records]
  const pace = paceOf(outputs)
  const sequencer = createSequencer((event) => {
    for (const each of outputs) each.write(event)
  })
  const say: Say = (fact, at) => sequencer.push(asSupervisor(fact, at))
  const sayReceived = (signal: NodeJS.Signals) =>
    say({ event: 'signal', signal, to: process.pid, name: 'osdemo' })
  /** Its signal ends the run, and the reason is the error. */
  const end = new AbortController()
  /** What ends a run that waits for its files, or that is ending already. */
  const giveUp = new AbortController()
  let isOver = false
  const endWith = (reason: Interrupted | TimedOut) => {
    const already = isOver || end.signal.aborted
    ;(already ? giveUp : end).abort(reason)
  }
  let stopSignal: NodeJS.Signals | undefined
  let stop: (signal: NodeJS.Signals) => void = () => {}
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    stop = resolve
  })

  for (const each of outputs) each.onFailure((error) => end.abort(error))
  for (const record of records) {
    record.onSlow(() => sequencer.pushNow(asSupervisor(waitsForFile(record))))
  }
  const timer = timeout && setTimeout(() => endWith(new TimedOut(timeout.text)), timeout.milliseconds)
  const stopListening = onEndingSignal(
    stopFirst(options.graceful, {
      stop(signal) {
        sayReceived(signal)
        stopSignal = signal
        stop(signal)
        // A server must be able to exit even when the reader of stdout has stopped reading.
        pace.hurry()
      },
      end(signal) {
        sayReceived(signal)
        endWith(new Interrupted(signal, constants.signals[signal]))
      },
    }),
  )

  const watch =
    options.watched &&
    createWatch(
      {
        isFull: () => pace.full,
        note: (fact) => sequencer.pushNow(asSupervisor(fact)),
        fail: (error) => end.abort(error),
      },
      options.watched === true ? usualLimits : options.watched,
    )

  let failure: unknown
  const unreleased: unknown[] = []
  const falseClaims: string[] = []
  const context: RunContext = {
    sequencer,
    pace,
    falseClaims,
    unreleased,
    stopped,
    stopSignal: () => stopSignal,
    exit: 0,
    watch: watch || undefined,
  }
  try {
    sayRun(say, options.command, options.title)
    for (const { kind, name: id, users } of options.sweeps ? [] : sweep()) {
      if (users.length > 0) continue
      say({ event: 'removed', kind, id })
      say({ event: 'note', text: 'An earlier run was killed and left it behind.', role: 'aside' })
    }
    await runOnStage(context, end.signal, demo)
    if (falseClaims.length > 0) throw claimsFailed(falseClaims)
  } catch (error) {
    failure = await ownReason(error, end.signal)
    say(errorFact(failure))
  }
  for (const error of unreleased) say(errorFact(error))
  failure ??= unreleased[0]
  if (watch) watch.stop()
  sequencer.close()
  isOver = true
  failure = await endOutputs(output, records, {
    failure,
    isAsked: stopSignal !== undefined,
    giveUp: giveUp.signal,
    show: (fact) => output.write(asSupervisor(fact)),
  })
  clearTimeout(timer)
  stopListening()
  if (failure !== undefined) throw failure
  return { isAsked: stopSignal !== undefined, exit: context.exit }
}

/**
 * Why the run failed. A signal to the process group may kill an actor before osdemo receives it. Then the signal is the reason,
 * and not the death of the actor.
 */
async function ownReason(error: unknown, end: AbortSignal): Promise<unknown> {
  if (!(error instanceof ActorKilled) || error.signal !== 'SIGTERM') return error
  await new Promise((resolve) => {
    if (end.aborted) resolve(undefined)
    end.addEventListener('abort', resolve)
    setTimeout(resolve, groupPatience)
  })
  return end.aborted ? end.reason : error
}

/** In a graceful run the first SIGINT or SIGTERM asks the demo to stop. Every other ending signal ends the run. */
function stopFirst(graceful = false, on: Record<'stop' | 'end', (signal: NodeJS.Signals) => void>) {
  let last: { signal: NodeJS.Signals; t: number } | undefined
  return (signal: NodeJS.Signals) => {
    if (signal === last?.signal && now() - last.t < echoOfSignal) return
    const canStop = graceful && !last && (signal === 'SIGINT' || signal === 'SIGTERM')
    last = { signal, t: now() }
    ;(canStop ? on.stop : on.end)(signal)
  }
}

function claimsFailed(texts: string[]): DemoFailed {
  const which = texts.length === 1 ? 'claim failed' : `${texts.length} claims failed`
  const hint = 'Run it again with --save run.ndjson: the file contains the evidence.'
  return new DemoFailed(`${which}: ${texts.join(' ')}`, { hint })
}

function errorFact(error: unknown): ErrorFact {
  return { event: 'error', ...asOsdemoError(error, 'the run failed').fact }
}
