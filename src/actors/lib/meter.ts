/**
 * Reports messages one by one while they are few, and as tallies when they are many: seeing must not slow down what
 * is seen. Nothing is dropped: every message is either an event of its own or counted in a tally.
 */
import { isUtf8 } from 'node:buffer'
import { now, type Say } from '../../events.js'

/** One window, in microseconds, and how many single messages it may have: a thousand a second. */
const window = 100_000
const singlesPerWindow = 100

/** The longest text that an event carries, in bytes. */
export const shortText = 256

export interface Meter {
  /**
   * Counts one message. Its text is asked for only when it is reported on its own.
   * @param at when it was sent or received, where that is not now
   * @param priority where the channel has such
   */
  message(bytes: number, text: () => string | undefined, at?: number, priority?: number): void
  /** Counts what is not worth an event of its own. */
  bulk(messages: number, bytes: number): void
  /** Reports what has been counted and not yet told. */
  flush(): void
  /** Whether messages are at present only counted, because there have been many: then `bulk` does for `message`. */
  readonly counting: boolean
  readonly messages: number
  readonly bytes: number
}

/** A message as text, where it is text and short: else undefined. */
export function textOf(bytes: Uint8Array): string | undefined {
  return bytes.length <= shortText && isUtf8(bytes) ? Buffer.from(bytes).toString() : undefined
}

export function createMeter(say: Say, channel: string, direction: 'sent' | 'received'): Meter {
  let messages = 0
  let bytes = 0
  let windowStart = 0
  let singles = 0
  /** The window has had its single messages: from here on they are only counted, without a look at the clock. */
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

  /** Begins the next window. While messages come as fast as in this one, that one has no single messages at all. */
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
    message(length, textIfShort, at, priority) {
      // A thread that waits in the kernel has no timers, so the clock is looked at now and then all the same.
      if (exhausted && counted.messages % 1024 !== 0) return count(1, length)
      const t = now()
      if (t - windowStart >= window) nextWindow(t)
      if (++singles > singlesPerWindow) exhaust()
      if (exhausted) return count(1, length)
      const text = textIfShort()
      const seq = messages
      messages++
      bytes += length
      const more = { ...(text !== undefined && { text }), ...(priority !== undefined && { priority }) }
      say({ event: direction, channel, seq, bytes: length, ...more }, at)
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
