/**
 * Lines that a person types at the terminal. The terminal stays in its usual mode, in which the kernel edits a line and turns
 * Ctrl-C into SIGINT. So nothing has to be restored, however the process ends.
 */
import { lineSplitter, longestForeignLine } from '../text.js'
import type { Scope } from './scope.js'

export interface TypedLines {
  /**
   * The next line; undefined at the end of file. What is typed while no line is waited for is dropped: a second Enter must
   * not skip a page that has not been shown yet.
   */
  next(): Promise<string | undefined>
}

/** Reads stdin until the scope is disposed of. */
export function readTypedLines(scope: Scope): TypedLines {
  const { stdin } = process
  let ended = false
  let waiting: ((line: string | undefined) => void) | undefined
  const answer = (line: string | undefined) => {
    waiting?.(line)
    waiting = undefined
  }
  const onData = lineSplitter(answer, longestForeignLine)
  const onEnd = () => {
    ended = true
    answer(undefined)
  }
  stdin.on('data', onData).on('end', onEnd).on('error', onEnd)
  scope.defer(() => {
    stdin.off('data', onData).off('end', onEnd).off('error', onEnd).pause()
  })
  return {
    next: () =>
      new Promise((resolve) => {
        if (ended) resolve(undefined)
        else waiting = resolve
      }),
  }
}
