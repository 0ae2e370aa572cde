/** The one manager of output: a view turns events into text, this writes it to a stream and notices when nobody reads. */
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
  /** Calls back once the stream takes more again. */
  onceDrained(resume: () => void): void
  /** Calls back when the stream failed; the reader going away is OutputClosed. */
  onFailure(fail: (error: unknown) => void): void
  /** Writes the view's end. */
  end(): void
}

export function createOutput(view: View, stream: NodeJS.WriteStream): Output {
  let failure: unknown
  const listeners: ((error: unknown) => void)[] = []
  stream.on('error', (error) => {
    failure ??=
      errnoOf(error) === 'EPIPE' ? new OutputClosed(error) : systemCallError(error, 'cannot write our output')
    for (const listener of listeners) listener(failure)
  })
  const put = (text: string) => {
    if (text !== '' && failure === undefined) stream.write(text)
  }
  return {
    write: (event) => put(view.event(event)),
    get full() {
      return failure === undefined && stream.writableNeedDrain
    },
    onceDrained: (resume) => void stream.once('drain', resume),
    onFailure(fail) {
      listeners.push(fail)
      if (failure !== undefined) fail(failure)
    },
    end: () => put(view.end()),
  }
}
