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
