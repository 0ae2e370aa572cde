/** Writes what a view makes of the events to a stream or a file, and notices when the reader of a stream is slow or has gone. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { errnoOf, OutputClosed, systemCallError } from '../errors.js'
import type { Event } from '../events.js'

/** A view makes text of each event, and text for the end. It does no I/O. */
export interface View {
  event(event: Event): string
  end(): string
}

export interface Output {
  write(event: Event): void
  /** Whether the buffer of the stream is full. Actors should then pause. */
  readonly full: boolean
  /** Calls back when the buffer has been written. A callback that is passed twice is called once. */
  onceDrained(resume: () => void): void
  /** From now on `full` is false, so that nothing waits for a reader that does not read. */
  hurry(): void
  /** Calls back when a write has failed: with OutputClosed where the reader of stdout has gone. */
  onFailure(fail: (error: unknown) => void): void
  /** Writes the end of the view. @throws SystemCallError where a file is written only now, and cannot be */
  end(): void
}

/**
 * Ends all outputs. The one that is shown ends last, because it reports when a file could not be written.
 *
 * @param tell turns a failure into an event for that output
 * @returns the first failure
 */
export function endOutputs(output: Output, records: Output[], tell?: (error: unknown) => Event): unknown {
  let failure: unknown
  for (const record of records) {
    try {
      record.end()
    } catch (error) {
      failure ??= error
      if (tell) output.write(tell(error))
    }
  }
  output.end()
  return failure
}

const { O_WRONLY, O_CREAT, O_NONBLOCK } = constants

export function createOutput(view: View, stream: NodeJS.WriteStream): Output {
  const name = stream === process.stderr ? 'stderr' : 'stdout'
  let failure: unknown
  const listeners: ((error: unknown) => void)[] = []
  stream.on('error', (error) => {
    failure ??=
      errnoOf(error) === 'EPIPE' ? new OutputClosed(error) : systemCallError(error, `cannot write to ${name}`)
    for (const listener of listeners) listener(failure)
  })
  let hurried = false
  const waiting = new Set<() => void>()
  const resumeAll = () => {
    for (const resume of waiting) resume()
    waiting.clear()
  }
  stream.on('drain', resumeAll)
  const put = (text: string) => {
    if (text !== '' && failure === undefined) stream.write(text)
  }
  return {
    write: (event) => put(view.event(event)),
    get full() {
      return failure === undefined && !hurried && stream.writableNeedDrain
    },
    onceDrained: (resume) => void waiting.add(resume),
    hurry() {
      hurried = true
      resumeAll()
    },
    onFailure(fail) {
      listeners.push(fail)
      if (failure !== undefined) fail(failure)
    },
    end: () => put(view.end()),
  }
}

/**
 * Writes a run to a file as it happens. It writes synchronously, so that the file is complete even when osdemo is killed.
 *
 * @throws SystemCallError when the file cannot be written
 */
export function createFileOutput(view: View, path: string): Output {
  const explain = (error: unknown) =>
    systemCallError(error, `cannot save to ${path}`, 'Name another file with --save.')
  let fd: number
  try {
    // It is truncated at the first event: a run that does not start keeps the earlier file. O_NONBLOCK: a FIFO must not block.
    fd = openSync(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0o666)
  } catch (error) {
    throw explain(error)
  }
  let empty = false
  let failed = false
  let tell: (error: unknown) => void = () => {}
  const put = (text: string) => {
    if (failed || text === '') return
    const bytes = Buffer.from(text)
    try {
      if (!empty && fstatSync(fd).isFile()) ftruncateSync(fd)
      empty = true
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
    } catch (error) {
      failed = true
      tell(explain(error))
    }
  }
  return {
    write: (event) => put(view.event(event)),
    full: false,
    onceDrained: () => {},
    hurry: () => {},
    onFailure(fail) {
      tell = fail
    },
    end() {
      put(view.end())
      closeSync(fd)
    },
  }
}
