import { FrameTooLongError } from './errors.js'

const LONGEST = 0xffff_ffff

/**
 * Makes one frame: the payload's length as 4 bytes, big-endian, then a copy of the payload. A string is encoded as UTF-8, and
 * its length is the number of those bytes.
 *
 * @throws {FrameTooLongError} (a RangeError) if the payload is longer than 2^32 - 1 bytes
 * @throws {TypeError} if the payload is neither a string nor a Uint8Array
 */
export function encode(payload: Uint8Array | string): Buffer {
  // frame.set() copies elements: with any other view it would leave uninitialised memory in the frame.
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
    throw new TypeError('the payload of a frame must be a string or a Uint8Array')
  }
  const length = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength
  if (length > LONGEST) throw new FrameTooLongError(length, LONGEST)
  const frame = Buffer.allocUnsafe(4 + length)
  frame.writeUInt32BE(length)
  if (typeof payload === 'string') frame.write(payload, 4)
  else frame.set(payload, 4)
  return frame
}
