/** A frame is longer than its reader accepts, or than a header of four bytes can announce. */
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

  /** How many bytes of the partial frame arrived, its header included. */
  readonly received: number
  /** How many bytes the complete frame has, its header included. 4 where not even the header is complete. */
  readonly expected: number

  constructor(received: number, expected: number) {
    const where = received < 4 ? 'a header' : 'a frame'
    super(`the stream ended inside ${where}: ${received} of ${expected} bytes arrived, counting the header`)
    this.received = received
    this.expected = expected
  }
}
