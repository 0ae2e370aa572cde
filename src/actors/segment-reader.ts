/** Reads the text in shared memory: the bytes up to the first NUL. With `follow`, each new text until it is removed. */
import { isUtf8 } from 'node:buffer'
import { setImmediate as turn } from 'node:timers/promises'
import { type Data, now, type Say } from '../events.js'
import { leaveIdleHeap } from '../ipc/idle-heap.js'
import { openText, type TextPlace } from '../ipc/segment-text.js'
import { type Settled, settle } from '../ipc/settled-text.js'
import { counted } from '../text.js'
import { createMeter, textOf } from './lib/meter.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'
import { placeName, usersOf } from './lib/text-users.js'

export interface SegmentReaderConfig {
  place: TextPlace
  /** Bytes of the segment or object. */
  size: number
  /** Its key or name, as events name it. */
  channel: string
  /** Print each new text, until the segment is removed. */
  follow: boolean
  /** Print each text to stdout, as a line. */
  print: boolean
}

/**
 * Pauses between looks, in milliseconds. A write to plain memory wakes no reader, so the texts of programs other than osdemo are
 * found by looking: often while they change, and rarely while nothing happens.
 */
const [shortest, longest] = [1, 300]

/** The pause as a part of the time since the last change. A text is seen when it stays longer than that. */
const part = 1 / 4

/** Losses are reported at most once in so many milliseconds. */
const reportEvery = 1000

declare module '../actor-types.js' {
  interface Actors {
    'segment-reader': { config: SegmentReaderConfig; word: never; runsAs: 'process' }
  }
}

runActor<'segment-reader'>(async ({ say, config: { place, size, channel, follow, print } }) => {
  if (follow) await leaveIdleHeap()
  const shared = openText(place, size, 'read')
  const { name, calls } = placeName(place)
  say({ event: 'call', phase: 'end', call: calls.attach, object: `${name}, ${size} bytes, read-only` })
  const meter = createMeter(say, channel, 'received')
  const losses = lossReport(say)
  const take = async (settled: Settled) => {
    const { text } = settled
    meter.message(text.length, () => textOf(text))
    if (!isUtf8(text)) say({ event: 'note', text: 'The bytes are not valid UTF-8 text.', role: 'aside' })
    if (text.length === 0)
      say({ event: 'note', text: 'The text is empty: the first byte is a NUL.', role: 'aside' })
    if (print) await writeOut(Buffer.concat([text, Buffer.from('\n')]))
    if (settled.torn) {
      const warning = 'This text may be torn: it changed all the time, or its writer did not finish it.'
      say({ event: 'note', text: warning, role: 'closing', data: { torn: true } })
    }
    losses.add(settled)
  }

  const users = usersOf(place)
  let last = await settle(shared, users.runnable)
  await take(last)
  let changed = now()
  while (follow) {
    const quiet = (now() - changed) / 1000
    await shared.sleep(last, Math.max(shortest, Math.min(quiet * part, longest)))
    // Between two sleeps the event loop runs, and notices when the supervisor has died.
    await turn()
    const news = users.news()
    if (news !== 'none') changed = now()
    if (!shared.isStill(last)) {
      changed = now()
      last = await settle(shared, users.runnable, last)
      await take(last)
    }
    losses.report(false)
    if (news === 'removed') break
  }
  losses.report(true)
  meter.flush()
  shared.detach()
  say({ event: 'call', phase: 'end', call: calls.detach, object: name })
  if (follow) say({ event: 'note', text: `Another process removed ${name}.`, role: 'closing' })
})

/** Reports what was not printed. A writer may be so fast that this cannot be reported each time. */
function lossReport(say: Say) {
  let reported = Number.NEGATIVE_INFINITY
  let isUncounted = false
  let missed = { texts: 0, exact: true }
  const note = (text: string, data: Data) => say({ event: 'note', text, role: 'closing', data })
  return {
    add(settled: Settled) {
      if (!settled.exact && !isUncounted) {
        isUncounted = true
        const text = `These texts are not counted, so one that stays less than ${longest} ms may be missing.`
        const limit = 'Nor is it known when a text is complete: a slow writer may still be writing it.'
        note(`${text} ${limit}`, { uncounted: true, milliseconds: longest })
      }
      if (settled.missed === 0) return
      missed = { texts: missed.texts + settled.missed, exact: missed.exact && settled.exact }
    },
    report(isLast: boolean) {
      if (!isLast && now() - reported < reportEvery * 1000) return
      if (missed.texts === 0) return
      reported = now()
      const { texts, exact } = missed
      const atLeast = exact ? '' : 'At least '
      const were = counted(texts, 'text was', 'texts were')
      note(`${atLeast}${were} replaced before the reader could read them.`, { missed: texts, exact })
      missed = { texts: 0, exact: true }
    },
  }
}
