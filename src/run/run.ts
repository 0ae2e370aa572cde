/**
 * The supervisor. It runs one demo, and ends the run when the first of these happens: the demo is done, an actor fails, a
 * signal comes, time is up, nobody reads our output. Whatever happens, what the demo made is released.
 */
import { constants, release } from 'node:os'
import { asOsdemoError, DemoFailed, Interrupted, TimedOut } from '../errors.js'
import { type ErrorFact, now, type Say } from '../events.js'
import { bootId } from '../proc/boot.js'
import { createSequencer } from './event-order.js'
import { endOutputs, type Output } from './output.js'
import { version } from './package.js'
import { onEndingSignal } from './signals.js'
import { asSupervisor, type Demo, runOnStage } from './stage.js'
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

/** The same signal again within this many microseconds counts as one: timeout(1) signals its child and then the whole group. */
export const echoOfSignal = 20_000

/** Reports the first event of a run, or of a part of a longer one. */
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
 *   OutputClosed). The error has been reported as an event by then.
 */
export async function run(demo: Demo, options: RunOptions): Promise<boolean> {
  const { output, records, timeout } = options
  const outputs = [output, ...records]
  const sequencer = createSequencer((event) => {
    for (const each of outputs) each.write(event)
  })
  const say: Say = (fact, at) => sequencer.push(asSupervisor(fact, at))
  /** Its signal ends the run; the reason says why. */
  const end = new AbortController()
  let stopSignal: NodeJS.Signals | undefined
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })

  for (const each of outputs) each.onFailure((error) => end.abort(error))
  const timer = timeout && setTimeout(() => end.abort(new TimedOut(timeout.text)), timeout.milliseconds)
  const stopListening = onEndingSignal(
    stopFirst(options.graceful, {
      stop(signal) {
        stopSignal = signal
        stop()
        // A server must be able to exit although nobody reads our output.
        output.hurry()
      },
      end: (signal) => end.abort(new Interrupted(signal, constants.signals[signal])),
    }),
  )

  let failure: unknown
  try {
    sayRun(say, options.command)
    for (const { kind, name: id, users } of sweep()) {
      if (users.length > 0) continue
      say({ event: 'removed', kind, id })
      say({ event: 'note', text: 'an earlier run had left it', role: 'aside' })
    }
    const falseClaims: string[] = []
    await runOnStage(
      { sequencer, output, falseClaims, stopped, stopSignal: () => stopSignal },
      end.signal,
      demo,
    )
    if (falseClaims.length > 0) {
      throw new DemoFailed(
        `${falseClaims.length === 1 ? 'claim' : 'claims'} failed: ${falseClaims.join(' ')}`,
      )
    }
  } catch (error) {
    failure = error
    say(errorFact(error))
  }
  clearTimeout(timer)
  stopListening()
  sequencer.close()
  failure = endOutputs(output, records, (error) => asSupervisor(errorFact(error))) ?? failure
  if (failure !== undefined) throw failure
  return stopSignal !== undefined
}

/** Handles ending signals: where a run is graceful, the first SIGINT or SIGTERM asks it to stop, and the next ends it. */
function stopFirst(graceful = false, on: Record<'stop' | 'end', (signal: NodeJS.Signals) => void>) {
  let first: { signal: NodeJS.Signals; t: number } | undefined
  return (signal: NodeJS.Signals) => {
    if (signal === first?.signal && now() - first.t < echoOfSignal) return
    if (!graceful || first || (signal !== 'SIGINT' && signal !== 'SIGTERM')) return on.end(signal)
    first = { signal, t: now() }
    on.stop(signal)
  }
}

function errorFact(error: unknown): ErrorFact {
  return { event: 'error', ...asOsdemoError(error, 'the run failed').fact }
}
