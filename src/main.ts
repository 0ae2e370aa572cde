/** Begins the program with the words of the command line, and ends it with an exit code. */
import { constants } from 'node:os'
import { asStarted, escaped, launch, openOwnTerminals } from './commands/lib/launch.js'
import {
  asOsdemoError,
  errnoOf,
  Interrupted,
  type OsdemoError,
  OutputClosed,
  systemCallError,
} from './errors.js'

/** How long osdemo waits, at its end, for the reader of stderr, in milliseconds. */
const stderrPatience = 500

/** How long osdemo waits for the reader of stdout after a signal or `--timeout`, in milliseconds. */
const hastyPatience = 1000

/** Runs the command and ends the process. Nothing else calls process.exit. */
export async function main(argv: string[]): Promise<void> {
  // Node exits by itself when nothing is left to wait for. Before the end of this function that would be a bug.
  process.exitCode = 70
  openOwnTerminals()
  // A failed write to stderr cannot be reported anywhere.
  process.stderr.on('error', () => {})
  // A run has its own listener for stdout. For a help page the failure is checked below.
  const failures: Error[] = []
  process.stdout.on('error', (error) => failures.push(error))
  let exit = 0
  let hasty = false
  let deadline: number | undefined
  try {
    const launched = launch(argv, (milliseconds) => {
      deadline = performance.now() + milliseconds
    })
    ;({ exit, hasty } = await launched.finally(() => endInTime(deadline)))
    // A failed write is reported before the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
    const [failure] = failures
    if (failure && errnoOf(failure) === 'EPIPE') throw new OutputClosed(failure)
    if (failure) throw systemCallError(failure, 'cannot write to stdout')
  } catch (error) {
    const known = asOsdemoError(error, 'osdemo failed')
    exit = known.exit
    hasty = exit > 128 || exit === 124
    tell(known)
  }
  await drained(process.stdout, hasty ? hastyPatience : undefined)
  await drained(process.stderr, stderrPatience)
  // Setting process.exitCode would not be enough: a blocked thread or an unread stream keeps the process alive.
  process.exit(exit)
}

/** While osdemo waits for the readers of its output, a signal ends it at once, and so does `--timeout`. */
function endInTime(deadline: number | undefined): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]))
  }
  // Where no time is left, --timeout has ended the run, and `hastyPatience` is the limit.
  const left = deadline === undefined ? 0 : deadline - performance.now()
  if (left > 0) setTimeout(() => process.exit(124), left)
}

/** Prints the error on stderr. Like other Unix tools, prints nothing after Ctrl-C or when stdout's reader has gone. */
function tell(error: OsdemoError): void {
  if (error instanceof OutputClosed || error.exit === 141) return
  if (error instanceof Interrupted && error.signal === 'SIGINT') return
  // Only the stack of a bug has lines of its own.
  const message =
    error.exit === 70 ? error.message.split('\n').map(escaped).join('\n') : escaped(error.message)
  process.stderr.write(
    `osdemo: ${message}\n${error.hint ? `        ${escaped(asStarted(error.hint))}\n` : ''}`,
  )
}

/**
 * Waits until everything in a stream has been written. With a limit it waits at most so many milliseconds: a process that
 * holds the read end of a pipe and never reads must not keep osdemo alive.
 */
function drained(stream: NodeJS.WriteStream, milliseconds?: number): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    if (milliseconds !== undefined) setTimeout(resolve, milliseconds)
    stream.write('', () => resolve())
  })
}
