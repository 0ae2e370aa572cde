/** The one manager of output: a view turns events into text, this writes it to a stream and notices when nobody reads. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { errnoOf, OutputClosed, systemCallError } from '../errors.js'
import type { Event } from '../events.js'

/** What a view is to a run: text for each event, and text for the end. No I/O. */
export interface View {
  event(event: Event): string
  end(): string
}

export interface Output {
  write(event: Event): void
  /** True while the stream takes no more: whoever produces events should pause. */
  readonly full: boolean
  /** Calls back once the stream takes more again; the same callback only once. */
  onceDrained(resume: () => void): void
  /** From now on it is never full: nothing waits any more for a reader that does not read. */
  hurry(): void
  /** Calls back when the stream failed; the reader going away is OutputClosed. */
  onFailure(fail: (error: unknown) => void): void
  /** Writes the view's end. @throws SystemCallError when a file that is written only now cannot be written */
  end(): void
}

/**
 * Ends all outputs, the one that is shown last: it can still tell that a file could not be written.
 *
 * @param tell makes an event of a failure, where the output is to show it
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
  let failure: unknown
  const listeners: ((error: unknown) => void)[] = []
  stream.on('error', (error) => {
    failure ??=
      errnoOf(error) === 'EPIPE' ? new OutputClosed(error) : systemCallError(error, 'cannot write our output')
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
 * Writes a run to a file as it happens; synchronously, so that what was seen is in the file even when we are killed.
 *
 * @throws SystemCallError when the file cannot be written
 */
export function createFileOutput(view: View, path: string): Output {
  const explain = (error: unknown) =>
    systemCallError(error, `cannot save to ${path}`, 'name another file with --save')
  let fd: number
  try {
    // Not truncated yet: what was saved before is only lost to a run that begins. And a FIFO must not hold us.
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
