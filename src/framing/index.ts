/**
 * Messages on a stream of bytes. A frame is a header and a payload. The header is the payload's length in bytes, as 4 bytes,
 * unsigned and big-endian. It does not include its own 4 bytes. The payload may be empty.
 *
 * Erlang's `{packet, 4}`, Java's `DataOutputStream.writeInt` before the bytes, Python's `multiprocessing` Connection
 * (below 2 GiB) and Netty's `LengthFieldPrepender(4)` use the same frame.
 */
export { type DecodeOptions, FrameDecoder, type OnFrame } from './decoder.js'
export { encode } from './encode.js'
export { FrameTooLongError, TruncatedFrameError } from './errors.js'
export { decode, decodeStream, encodeStream } from './streams.js'
