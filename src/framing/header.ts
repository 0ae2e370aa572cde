/** The header of a frame: the length of what follows, unsigned, big-endian. */

/** Bytes of a header. */
export const headerBytes = 4

/** The length that the header at this offset announces, in bytes. All 4 bytes of it must lie in the buffer. */
export function lengthAt(buffer: Uint8Array, at: number): number {
  // The caller checked that they are there, and a check here would be paid for each frame.
  return ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0
}
