/** A frame is longer than its reader allows, or than four bytes can say. */
export class FrameTooLongError extends RangeError {
  static {
    FrameTooLongError.prototype.name = 'FrameTooLongError'
  }

  /** The payload's length in bytes, as the header announced it. */
  readonly length: number
  /** The longest payload allowed, in bytes. */
  readonly maxLength: number

  constructor(length: number, maxLength: number) {
    super(`a frame of ${length} bytes is too long: at most ${maxLength} bytes are allowed`)
    this.length = length
    this.maxLength = maxLength
  }
}

/** The stream ended inside a frame. */
export class TruncatedFrameError extends Error {
  static {
    TruncatedFrameError.prototype.name = 'TruncatedFrameError'
  }

  /** The bytes of the unfinished frame that arrived, its header included. */
  readonly received: number
  /** The bytes of the whole frame, its header included; 4 where not even the header was complete. */
  readonly expected: number

  constructor(received: number, expected: number) {
    const where = received < 4 ? 'a header' : 'a frame'
    super(`the stream ended inside ${where}: ${received} of ${expected} bytes arrived, counting the header`)
    this.received = received
    this.expected = expected
  }
}
