/** Writes what a view makes of the events to a stream, and notices when its reader is slow or has gone. */
import type { Writable } from 'node:stream'
import { errnoOf, OutputClosed, systemCallError } from '../errors.js'
import type { Event } from '../events.js'

/** A view makes text of each event, and text for the end. It does no I/O. */
export interface View {
  event(event: Event): string
  end(): string
}

export interface Output extends Pace {
  write(event: Event): void
  /** Calls back when a write has failed: with OutputClosed where the reader of stdout has gone. */
  onFailure(fail: (error: unknown) => void): void
  /** Writes the end of the view. */
  end(): void
}

/** How fast an output can be written. */
export interface Pace {
  /** Whether the buffer of the stream is full. Actors should then pause. */
  readonly full: boolean
  /** Calls back when the buffer has been written. A callback that is passed twice is called once. */
  onceDrained(resume: () => void): void
  /** From now on `full` is false, so that nothing waits for a reader that does not read. */
  hurry(): void
}

/** Several outputs are as slow as the slowest of them. */
export function paceOf(outputs: Pace[]): Pace {
  return {
    get full() {
      return outputs.some((each) => each.full)
    },
    onceDrained(resume) {
      for (const each of outputs) if (each.full) each.onceDrained(resume)
    },
    hurry() {
      for (const each of outputs) each.hurry()
    },
  }
}

export function createOutput(view: View, stream: NodeJS.WriteStream): Output {
  const name = stream === process.stderr ? 'stderr' : 'stdout'
  let failure: unknown
  const listeners: ((error: unknown) => void)[] = []
  stream.on('error', (error) => {
    failure ??=
      errnoOf(error) === 'EPIPE' ? new OutputClosed(error) : systemCallError(error, `cannot write to ${name}`)
    for (const listener of listeners) listener(failure)
  })
  const { isFull, onceDrained, hurry } = slowness(stream)
  const put = (text: string) => {
    if (text !== '' && failure === undefined) stream.write(text)
  }
  return {
    write: (event) => put(view.event(event)),
    get full() {
      return failure === undefined && isFull()
    },
    onceDrained,
    hurry,
    onFailure(fail) {
      listeners.push(fail)
      if (failure !== undefined) fail(failure)
    },
    end: () => put(view.end()),
  }
}

/**
 * Whether the buffer of a stream is full, and what is called when it has room again.
 *
 * @param patience `onSlow` calls back when the buffer has been full for so many milliseconds, once
 */
export function slowness(stream: Writable, patience?: number) {
  let hurried = false
  let slow = () => {}
  let timer: NodeJS.Timeout | undefined
  const waiting = new Set<() => void>()
  const resumeAll = () => {
    clearTimeout(timer)
    timer = undefined
    for (const resume of waiting) resume()
    waiting.clear()
  }
  stream.on('drain', resumeAll)
  return {
    isFull: () => !hurried && stream.writableNeedDrain,
    onceDrained(resume: () => void) {
      waiting.add(resume)
      if (patience !== undefined) timer ??= setTimeout(slow, patience).unref()
    },
    hurry() {
      hurried = true
      resumeAll()
    },
    onSlow(tell: () => void) {
      slow = tell
    },
  }
}
