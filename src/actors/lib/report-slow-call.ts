import { now, type Say } from '../../events.js'

/**
 * Waits for a call. If it takes longer than `patience` milliseconds, its begin is reported, with the true time, and later its end.
 * So a call that blocks is visible, and a call that returns at once is not reported.
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
 * Reports those calls of a loop that take long, as `patiently` does. All calls share one timer, because a timer for each call
 * would need half as much time as a call that moves bytes. So a call is reported between 1 and 1.5 times `patience` after its begin.
 *
 * @param calls with `reportEnd`, a result of 0 (end of file) is reported also when the call returned at once
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
    // A call that has been reported needs no timer, which would wake up the process while it waits.
    clearInterval(timer)
    timer = undefined
    say({ event: 'call', phase: 'begin', call, object }, begin)
  }
  let timer: NodeJS.Timeout | undefined
  return {
    async wait(pending) {
      timer ??= setInterval(look, patience / 2)
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
