/** Takes what comes out of a FIFO: cuts it into messages, which are lines, reports them, and copies it to stdout. */
import { type Meter, shortText, textOf } from './meter.js'
import { writeOut } from './stdio.js'

const newline = 10

export interface TakerConfig {
  /** Want no more after so many messages. */
  max: number | null
  /** Copy what comes to stdout as it is. */
  copy: boolean
  /** Make an event of every message. */
  report: boolean
}

export interface Taker {
  /** Takes a chunk; false when it wants no more. */
  chunk(bytes: Buffer): Promise<boolean>
  /** The stream has ended: what is left is a message without newline. */
  end(): void
  /** How many bytes were read behind the last message that was wanted. */
  readonly dropped: number
}

/** Cuts the stream into messages (lines), copies it to stdout, and reports each message or only how many they were. */
export function createLineTaker(meter: Meter, { copy, report, max }: TakerConfig): Taker {
  let left = max ?? Number.POSITIVE_INFINITY
  let dropped = 0
  // The message whose newline has not come yet. Of a long one only the length is kept, so memory stays constant.
  let length = 0
  const head = Buffer.alloc(shortText)

  function keep(bytes: Buffer, start: number, end: number): void {
    if (length < shortText) bytes.copy(head, length, start, end)
    length += end - start
  }

  /** The message in `head` is complete. `newlines` is 1 when a newline ended it: that byte came through the pipe too. */
  function finish(newlines: 0 | 1): void {
    if (report) {
      const text = () => (length <= shortText ? textOf(head.subarray(0, length)) : undefined)
      meter.message(length + newlines, text)
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
      if (length > 0) finish(0)
    },
    get dropped() {
      return dropped
    },
  }
}

/** Copies the stream to stdout without looking for messages. */
export function createByteTaker(meter: Meter): Taker {
  return {
    async chunk(bytes) {
      await writeOut(bytes)
      meter.bulk(0, bytes.length)
      return true
    },
    end() {},
    dropped: 0,
  }
}
