/** Splits the bytes of a FIFO into messages, which are lines, reports the messages, and copies the bytes to stdout. */
import { type Meter, shortText, textOf } from './meter.js'
import { writeOut } from './stdio.js'

const newline = 10

export interface TakerConfig {
  /** Stop after so many messages; null for no limit. */
  max: number | null
  /** Copy the bytes to stdout unchanged. */
  copy: boolean
  /** Report every message as an event, and not only their number. */
  report: boolean
}

export interface Taker {
  /** Takes a chunk. @returns false after the last message that was wanted */
  chunk(bytes: Buffer): Promise<boolean>
  /** Takes the end of file: bytes after the last newline are a message too. @returns false after the last message, as `chunk` */
  end(): boolean
  /** The number of bytes that were read after the last message that was wanted. */
  readonly dropped: number
}

/** A taker that splits the stream into messages. */
export function createLineTaker(meter: Meter, { copy, report, max }: TakerConfig): Taker {
  let left = max ?? Number.POSITIVE_INFINITY
  let dropped = 0
  // The message whose newline has not arrived yet. For a long message only the length grows, so that memory stays constant.
  let length = 0
  const head = Buffer.alloc(shortText)

  function keep(bytes: Buffer, start: number, end: number): void {
    if (length < shortText) bytes.copy(head, length, start, end)
    length += end - start
  }

  /** Reports the message in `head`, which is complete. @param newlines 1 when it had a newline, which counts as a byte too */
  function finish(newlines: 0 | 1): void {
    if (report) {
      const text = () => (length <= shortText ? textOf(head.subarray(0, length)) : undefined)
      meter.message(length + newlines, text, newlines === 1 ? { including: 'newline' } : {})
    } else meter.bulk(1, length + newlines)
    length = 0
  }

  return {
    async chunk(bytes) {
      let start = 0
      let at = bytes.indexOf(newline)
      while (at >= 0 && left > 0 && (length > 0 || (report && !meter.counting))) {
        keep(bytes, start, at)
        finish(1)
        left--
        start = at + 1
        at = bytes.indexOf(newline, start)
      }
      const reported = start
      let messages = 0
      while (at >= 0 && messages < left) {
        messages++
        start = at + 1
        at = bytes.indexOf(newline, start)
      }
      left -= messages
      if (messages > 0) meter.bulk(messages, start - reported)
      const end = left > 0 ? bytes.length : start
      keep(bytes, start, end)
      dropped = bytes.length - end
      if (copy) await writeOut(bytes.subarray(0, end))
      return left > 0
    },
    end() {
      if (length > 0) {
        finish(0)
        left--
      }
      return left > 0
    },
    get dropped() {
      return dropped
    },
  }
}

/** A taker that copies the stream to stdout without looking for messages. */
export function createByteTaker(meter: Meter): Taker {
  return {
    async chunk(bytes) {
      await writeOut(bytes)
      meter.bulk(0, bytes.length)
      return true
    },
    end: () => true,
    dropped: 0,
  }
}
