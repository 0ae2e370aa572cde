/**
 * Reports few messages one by one, and many messages as tallies, because reporting must not slow down the transfer.
 * Every message is either an event of its own or counted in a tally.
 */
import { isUtf8 } from 'node:buffer'
import { type MessageFact, now, type Say } from '../../events.js'

/** The length of a window in microseconds, and the most single messages in it: a thousand a second. */
const window = 100_000
const singlesPerWindow = 100

/** The longest text of a message that an event contains, in bytes. */
export const shortText = 256

type More = Pick<MessageFact, 'priority' | 'type' | 'including'> & { at?: number | undefined }

export interface Meter {
  /**
   * Counts one message. `text` is called only when the message is reported as an event of its own.
   * @param more what else is reported of it; `at` is when it was sent or received, where that is not now
   */
  message(bytes: number, text: () => string | undefined, more?: More): void
  /** Counts messages and bytes for the next tally. */
  bulk(messages: number, bytes: number): void
  /** Reports a tally of all that was counted since the last one. */
  flush(): void
  /** Whether messages are only counted at present, because they are many. Then `bulk` may replace `message`. */
  readonly counting: boolean
  readonly messages: number
  readonly bytes: number
}

/** A message as text; undefined when it is not valid UTF-8 or too long. */
export function textOf(bytes: Uint8Array): string | undefined {
  return bytes.length <= shortText && isUtf8(bytes) ? Buffer.from(bytes).toString() : undefined
}

export function createMeter(say: Say, channel: string, direction: 'sent' | 'received'): Meter {
  let messages = 0
  let bytes = 0
  let windowStart = 0
  let singles = 0
  /** The window has had its single messages. Further messages are only counted, without reading the clock. */
  let exhausted = false
  let counted = { messages: 0, bytes: 0, since: 0 }
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    exhausted = false
    if (counted.messages > 0 || counted.bytes > 0) say({ event: 'tally', channel, direction, ...counted })
    counted = { messages: 0, bytes: 0, since: 0 }
  }

  /** Begins the next window. If messages came too fast in this window, the next one has no single messages. */
  function nextWindow(t = now()): void {
    const tooFast = counted.messages * window > singlesPerWindow * (t - windowStart)
    flush()
    windowStart = t
    singles = 0
    if (tooFast) exhaust()
  }

  function exhaust(): void {
    exhausted = true
    timer ??= setTimeout(nextWindow, window / 1000)
  }

  function count(moreMessages: number, moreBytes: number): void {
    messages += moreMessages
    bytes += moreBytes
    if (counted.since === 0) counted.since = now()
    counted.messages += moreMessages
    counted.bytes += moreBytes
  }

  return {
    message(length, textIfShort, { at, ...more } = {}) {
      // Timers do not fire while the thread makes blocking calls, so the clock is read at every 1024th message too.
      if (exhausted && counted.messages % 1024 !== 0) return count(1, length)
      const t = now()
      if (t - windowStart >= window) nextWindow(t)
      if (++singles > singlesPerWindow) exhaust()
      if (exhausted) return count(1, length)
      const text = textIfShort()
      const seq = messages
      messages++
      bytes += length
      say({ event: direction, channel, seq, bytes: length, ...more, ...(text !== undefined && { text }) }, at)
    },
    bulk: count,
    flush,
    get counting() {
      return exhausted
    },
    get messages() {
      return messages
    },
    get bytes() {
      return bytes
    },
  }
}
