import fc from 'fast-check'
import { encode, type FrameDecoder } from '../../src/framing/index.js'

/** Cuts bytes into chunks of these sizes, which are repeated. Each chunk has its own memory. */
export function cut(bytes: Uint8Array, sizes: number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!
    chunks.push(new Uint8Array(bytes.subarray(at, at + size)))
    at += size
  }
  return chunks
}

export function joined(payloads: Uint8Array[]): Buffer {
  return Buffer.concat(payloads.map((payload) => encode(payload)))
}

/** The payloads in hexadecimal, which a failing test can show. */
export function hex(payloads: Iterable<Uint8Array>): string[] {
  return Array.from(payloads, (payload) => Buffer.from(payload).toString('hex'))
}

export function header(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

/** The two ways to get payloads from a decoder. Those of `scan` are copied. */
export const ways: [string, (decoder: FrameDecoder, chunk: Uint8Array) => Buffer[]][] = [
  ['push', (decoder, chunk) => decoder.push(chunk)],
  [
    'scan',
    (decoder, chunk) => {
      const payloads: Buffer[] = []
      decoder.scan(chunk, (buffer, start, end) => {
        payloads.push(Buffer.from(buffer.subarray(start, end)))
      })
      return payloads
    },
  ],
]

export const somePayloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 })

/** Small chunks among large ones, some of them empty, but never only empty ones. */
export const someSizes = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 700 })), {
    minLength: 1,
    maxLength: 8,
  })
  .filter((sizes) => sizes.some((size) => size > 0))
