/** The header of a frame: the length of its payload, unsigned, big-endian. */

/** Bytes in a header. */
export const headerBytes = 4

/** The length in bytes that the header at this offset announces. The buffer must contain all 4 bytes of it. */
export function lengthAt(buffer: Uint8Array, at: number): number {
  // The callers have checked that, and another check would cost time for every frame.
  return ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0
}
