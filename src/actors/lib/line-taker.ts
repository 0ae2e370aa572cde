/** Takes what comes out of a FIFO: cuts it into messages, which are lines, reports them, and copies it to stdout. */
import { type Meter, shortText, textOf } from './meter.js'
import { countNewlines } from './newlines.js'
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
  /** Takes a chunk; false when it wants no more. A promise while stdout is full: until then the chunk is in use. */
  chunk(bytes: Buffer): Promise<boolean> | boolean
  /** The stream has ended: what is left is a message without newline. */
  end(): void
  /** How many bytes were read behind the last message that was wanted. */
  readonly dropped: number
}

/** Lines are short when the first of a chunk is shorter than this, in bytes. */
const shortLine = 128

/** How many messages end in these bytes. Each call of `indexOf` costs as much as looking at a hundred bytes, so not for short lines. */
function countEnds(bytes: Buffer): number {
  const first = bytes.indexOf(newline)
  if (first >= 0 && first < shortLine) return countNewlines(bytes)
  let count = 0
  for (let at = first; at >= 0; at = bytes.indexOf(newline, at + 1)) count++
  return count
}

/** Cuts the stream into messages (lines), copies it to stdout, and reports each message or only how many they were. */
export function createTaker(meter: Meter, { copy, report, max }: TakerConfig): Taker {
  let left = max ?? Number.POSITIVE_INFINITY
  let dropped = 0
  // The message whose newline has not come yet. Of a long one only the length is kept, so memory stays constant.
  let length = 0
  const head = Buffer.alloc(shortText)

  function add(bytes: Buffer, start: number, end: number): void {
    if (length < shortText) bytes.copy(head, length, start, end)
    length += end - start
  }

  /** The message in `head` is complete. `end` is 1 when a newline ended it: that byte came through the pipe too. */
  function finish(end: 0 | 1): void {
    meter.message(length + end, () => (length <= shortText ? textOf(head.subarray(0, length)) : undefined))
    length = 0
  }

  return {
    chunk(bytes) {
      let start = 0
      let messages = 0
      const next = () => (messages < left ? bytes.indexOf(newline, start) : -1)
      for (let at = next(); report && !meter.counting && at >= 0; at = next()) {
        add(bytes, start, at)
        finish(1)
        start = at + 1
        messages++
      }
      const told = { messages, end: start }
      if (left === Number.POSITIVE_INFINITY) {
        messages += countEnds(bytes.subarray(start))
        start = bytes.lastIndexOf(newline) + 1
      }
      for (let at = next(); at >= 0; at = next()) {
        start = at + 1
        messages++
      }
      left -= messages
      const end = left > 0 ? bytes.length : start
      dropped = bytes.length - end
      if (report) {
        if (messages > told.messages) {
          meter.bulk(messages - told.messages, length + start - told.end)
          length = 0
        }
        add(bytes, start, end)
      } else {
        length = start < end ? 1 : 0
        meter.bulk(messages, end)
      }
      if (!copy) return left > 0
      const written = writeOut(bytes, end)
      return written ? written.then(() => left > 0) : left > 0
    },
    end() {
      if (length === 0) return
      if (report) finish(0)
      else meter.bulk(1, 0)
      length = 0
    },
    get dropped() {
      return dropped
    },
  }
}
