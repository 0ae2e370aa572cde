import { now, type Say } from '../../events.js'

/**
 * Waits for a call; when it takes longer than `patience` milliseconds, says that it holds us, with its true beginning.
 * So nothing waits without a word, and what returns at once is no story.
 */
export async function patiently<T>(
  say: Say,
  { call, object, patience }: { call: string; object: string; patience: number },
  pending: Promise<T>,
): Promise<T> {
  let told = false
  const begin = now()
  const timer = setTimeout(() => {
    told = true
    say({ event: 'call', phase: 'begin', call, object }, begin)
  }, patience)
  try {
    return await pending
  } finally {
    clearTimeout(timer)
    if (told) say({ event: 'call', phase: 'end', call, object })
  }
}

/**
 * Reports those calls of a loop that take long, as `patiently` does. One timer serves them all: where bytes move in bulk, a
 * timer for each call would take half as long as the calls. So a call is reported after `patience`, or half as long again.
 *
 * @param calls `reportEnd` reports a result of 0, the end of the input, also when it came at once
 */
export function watchCalls(
  say: Say,
  calls: { call: string; object: string; patience: number; reportEnd?: boolean | undefined },
): { wait(pending: Promise<number>): Promise<number>; [Symbol.dispose](): void } {
  const { call, object, patience, reportEnd } = calls
  let begin: number | undefined
  let told = false
  const look = () => {
    if (begin === undefined || told || now() - begin < patience * 1000) return
    told = true
    say({ event: 'call', phase: 'begin', call, object }, begin)
  }
  const timer = setInterval(look, patience / 2)
  return {
    async wait(pending) {
      begin = now()
      let result: number | undefined
      try {
        result = await pending
        return result
      } finally {
        begin = undefined
        const end = result === undefined ? {} : { result }
        if (told || (reportEnd && result === 0)) say({ event: 'call', phase: 'end', call, object, ...end })
        told = false
      }
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
