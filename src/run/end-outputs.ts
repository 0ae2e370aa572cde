/** The end of the outputs of a run: its files are written, and what is shown ends. */
import { asOsdemoError, DemoFailed, Interrupted, OutputClosed, TimedOut } from '../errors.js'
import type { Fact } from '../events.js'
import type { Output } from './output.js'
import { type FileOutput, slowAfter } from './save.js'

/** How long a run that a signal, `--timeout` or a closed stdout has ended waits for its files, in milliseconds. */
const hastyPatience = 5000

/** How long a further signal still lets it wait, so that a file on a healthy disk is written in full, in milliseconds. */
const lastPatience = 300

export interface EndOfRun {
  /** Why the run has ended, if not by itself. */
  failure?: unknown
  /** The user has asked a server to stop. */
  isAsked?: boolean
  /** Aborts when a signal or `--timeout` ends the wait for the files, too. */
  giveUp: AbortSignal
  /** Shows what concerns the files. */
  show(fact: Fact): void
}

/**
 * Ends all outputs. The one that is shown ends last, because it reports when a file could not be written.
 *
 * @returns why the run or the saving of a file failed, or was given up
 */
export async function endOutputs(output: Output, records: FileOutput[], end: EndOfRun): Promise<unknown> {
  const { failure, isAsked, giveUp, show } = end
  const unsaved = new Set(records)
  const errors: unknown[] = []
  const saved = records.map(async (record) => {
    try {
      await record.end()
    } catch (error) {
      errors.push(error)
      show({ event: 'error', ...asOsdemoError(error, 'cannot save').fact })
    }
    unsaved.delete(record)
  })
  const timers: NodeJS.Timeout[] = []
  const after = (milliseconds: number, act: () => void) => timers.push(setTimeout(act, milliseconds))
  const givenUp = new Promise<void>((resolve) => {
    const soon = () => after(lastPatience, resolve)
    if (giveUp.aborted) soon()
    giveUp.addEventListener('abort', soon)
    if (isAsked || isHasty(failure)) after(hastyPatience, resolve)
  })
  after(slowAfter, () => {
    for (const record of unsaved) show(waitsForFile(record))
  })
  await Promise.race([Promise.all(saved), givenUp])
  for (const timer of timers) clearTimeout(timer)
  const lost = [...unsaved]
  for (const { path, writer } of lost) {
    const text = `${path} is not complete, because its file system does not answer. Process ${writer} still tries to write it.`
    show({ event: 'note', role: 'next', text, data: { unsaved: path, writer } })
  }
  output.end()
  const [first] = lost
  const why =
    first &&
    (giveUp.reason ?? new DemoFailed(`cannot save to ${first.path}: its file system does not answer`))
  return errors[0] ?? failure ?? why
}

function isHasty(failure: unknown): boolean {
  return [Interrupted, TimedOut, OutputClosed].some((kind) => failure instanceof kind)
}

/** Says that osdemo waits for the file system of a file. */
export function waitsForFile({ path, writer }: FileOutput): Fact {
  const text = `Waiting for the file system of ${path}, which does not answer. Ctrl-C ends the wait.`
  return { event: 'note', role: 'next', text, data: { waitsFor: [writer] } }
}
