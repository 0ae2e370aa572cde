/**
 * Messages on a stream of bytes. A frame is the payload's length in bytes (4 bytes, unsigned, big-endian; the length
 * does not count itself), followed by the payload, which may be empty.
 *
 * Erlang's `{packet, 4}`, Java's `DataOutputStream.writeInt` before the bytes, Python's `multiprocessing` Connection
 * (below 2 GiB) and Netty's `LengthFieldPrepender(4)` speak the same frame.
 */
export { type DecodeOptions, FrameDecoder, type OnFrame } from './decoder.js'
export { encode } from './encode.js'
export { FrameTooLongError, TruncatedFrameError } from './errors.js'
export { decode, decodeStream, encodeStream } from './streams.js'
