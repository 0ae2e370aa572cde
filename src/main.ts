/** The two ends of the program: what the words are, and what became of it as an exit code. */
import { constants } from 'node:os'
import { launch } from './commands/lib/launch.js'
import { asOsdemoError, errnoOf, Interrupted, type OsdemoError, OutputClosed } from './errors.js'

/** How long we wait at the end for a stderr that nobody reads, in milliseconds. */
const stderrPatience = 500

/** How long an end by a signal or a deadline waits for whoever reads stdout, in milliseconds. */
const hastyPatience = 1000

/** Does what the words say, and ends the process. The only place that calls process.exit. */
export async function main(argv: string[]): Promise<void> {
  // What a process ends with that has nothing left to do before the end of this: it would be a bug.
  process.exitCode = 70
  // Nobody to tell that stderr is gone; the run itself notices when stdout is.
  process.stderr.on('error', () => {})
  // A run notices by itself that stdout fails; for a page of help it is checked below.
  const failures: Error[] = []
  process.stdout.on('error', (error) => failures.push(error))
  let exit = 0
  let hasty = false
  try {
    ;({ exit, hasty } = await launch(argv))
    // A write that failed reports it before the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
    const [failure] = failures
    if (failure) throw errnoOf(failure) === 'EPIPE' ? new OutputClosed(failure) : failure
  } catch (error) {
    const known = asOsdemoError(error, 'osdemo failed')
    exit = known.exit
    hasty = exit > 128 || exit === 124
    tell(known)
  }
  // Whoever does not want to wait until somebody has read our output may say so.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]))
  }
  await drained(process.stdout, hasty ? hastyPatience : undefined)
  await drained(process.stderr, stderrPatience)
  // Not process.exitCode: a thread parked in the kernel, or a stream that nobody reads, would keep us alive.
  process.exit(exit)
}

/** The error for a person, on stderr. Of a Ctrl-C, and of a reader that went away, every Unix tool is silent. */
function tell(error: OsdemoError): void {
  if (error instanceof OutputClosed || error.exit === 141) return
  if (error instanceof Interrupted && error.signal === 'SIGINT') return
  process.stderr.write(`osdemo: ${error.message}\n${error.hint ? `        ${error.hint}\n` : ''}`)
}

/**
 * Waits until a stream has handed everything to the kernel, where a limit is given at most so many milliseconds: whoever
 * holds the other end of a pipe without reading must not keep us alive for ever.
 */
function drained(stream: NodeJS.WriteStream, milliseconds?: number): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    if (milliseconds !== undefined) setTimeout(resolve, milliseconds)
    stream.write('', () => resolve())
  })
}
