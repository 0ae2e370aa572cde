/**
 * How fast frames are decoded, compared with the framers on npm, with a bare walk over the headers, and with the decoder of
 * the textbooks, which concatenates each chunk to the bytes that it holds. frame-stream uses the same 4-byte big-endian
 * headers; the other three use a varint, which is one byte for frames of 64 bytes.
 */
import { strictEqual } from 'node:assert'
import type { Transform, TransformOptions } from 'node:stream'
import { decode as vweeversDecode } from '@vweevers/length-prefixed-stream'
import { type DecodeOptions, decode as frameStream } from 'frame-stream'
import { decode as itDecode } from 'it-length-prefixed'
import { decode as lengthPrefixedStream } from 'length-prefixed-stream'
import { encode, FrameDecoder } from '../src/framing/index.js'
import { compare, type Side, timedCpu } from './sides.js'

/** A stream of equal frames, cut into chunks of this many bytes. */
function stream(
  frames: number,
  length: number,
  chunkSize: number,
  cut: (payload: Buffer) => Buffer = encode,
): Buffer[] {
  const all = Buffer.concat(Array.from({ length: frames }, () => cut(Buffer.alloc(length, 1))))
  const chunks: Buffer[] = []
  for (let at = 0; at < all.length; at += chunkSize) chunks.push(all.subarray(at, at + chunkSize))
  return chunks
}

/** A frame of less than 128 bytes with a varint header. */
function varintFrame(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(payload.length), payload])
}

interface Count {
  frames: number
  bytes: number
}

function push(chunks: Buffer[]): Count {
  const decoder = new FrameDecoder()
  const count = { frames: 0, bytes: 0 }
  for (const chunk of chunks) {
    for (const frame of decoder.push(chunk)) {
      count.frames++
      count.bytes += frame.length
    }
  }
  return count
}

function scan(chunks: Buffer[]): Count {
  const decoder = new FrameDecoder()
  let frames = 0
  let bytes = 0
  for (const chunk of chunks) {
    decoder.scan(chunk, (_, start, end) => {
      frames++
      bytes += end - start
    })
  }
  return { frames, bytes }
}

/** Reads only the headers, in one buffer: the least that any decoder must do. */
function walk(all: Buffer): Count {
  const count = { frames: 0, bytes: 0 }
  for (let at = 0; at < all.length; ) {
    const length = ((all[at]! << 24) | (all[at + 1]! << 16) | (all[at + 2]! << 8) | all[at + 3]!) >>> 0
    at += 4 + length
    count.frames++
    count.bytes += length
  }
  return count
}

/** The cost of `subarray` alone: it cuts frames of 64 bytes at their known places and does not read the headers. */
function subarrays(all: Buffer): Count {
  const count = { frames: 0, bytes: 0 }
  for (let at = 4; at < all.length; at += 68) {
    count.frames++
    count.bytes += all.subarray(at, at + 64).length
  }
  return count
}

function joining(chunks: Buffer[]): Count {
  const count = { frames: 0, bytes: 0 }
  let held: Buffer = Buffer.alloc(0)
  for (const chunk of chunks) {
    held = Buffer.concat([held, chunk])
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE()) {
      const end = 4 + held.readUInt32BE()
      count.frames++
      count.bytes += end - 4
      held = held.subarray(end)
    }
  }
  return count
}

/** A Transform from chunks to frames, with a 'data' listener: the fastest way to use one. */
async function throughStream(chunks: Buffer[], decoder: Transform): Promise<Count> {
  const count = { frames: 0, bytes: 0 }
  decoder.on('data', (frame: Buffer) => {
    count.frames++
    count.bytes += frame.length
  })
  for (const chunk of chunks) {
    if (!decoder.write(chunk)) await new Promise((resolve) => decoder.once('drain', resolve))
  }
  decoder.end()
  await new Promise((resolve) => decoder.once('end', resolve))
  return count
}

function iterated(chunks: Buffer[]): Count {
  const count = { frames: 0, bytes: 0 }
  for (const frame of itDecode(chunks)) {
    count.frames++
    count.bytes += frame.subarray().length
  }
  return count
}

/**
 * A side of the comparison that also checks what it decoded. A side that takes only milliseconds repeats its work
 * `times`, and returns the time of one repetition.
 */
function side<Input>(
  decoder: (input: Input) => Count | Promise<Count>,
  input: Input,
  frames: number,
  length: number,
  times = 1,
) {
  const decode = async () => {
    for (let i = 0; i < times; i++) {
      const count = await decoder(input)
      strictEqual(count.frames, frames)
      strictEqual(count.bytes, frames * length)
    }
  }
  return async () => (await timedCpu(decode)) / times
}

const small = stream(1_000_000, 64, 65_536)
const whole = Buffer.concat(small)
const smallVarint = stream(1_000_000, 64, 65_536, varintFrame)
const million = <Input>(decoder: (input: Input) => Count | Promise<Count>, input: Input) =>
  side(decoder, input, 1_000_000, 64)

// In object mode; otherwise the stream would concatenate the frames again.
const objects: DecodeOptions & TransformOptions = { readableObjectMode: true }
const peers: Record<string, Side> = {
  'frame-stream': million((chunks) => throughStream(chunks, frameStream(objects)), small),
  'length-prefixed-stream': million((chunks) => throughStream(chunks, lengthPrefixedStream()), smallVarint),
  '@vweevers/length-prefixed-stream': million(
    (chunks) => throughStream(chunks, vweeversDecode()),
    smallVarint,
  ),
  'it-length-prefixed': million(iterated, smallVarint),
}
const what = '64 B frames in 64 KiB chunks'
for (const [name, peer] of Object.entries(peers)) {
  await compare(`${what}: a Buffer each / ${name}`, million(push, small), peer, { timesAsFast: 2 })
}
await compare(
  `${what}: a Buffer each / a bare loop of subarray`,
  million(push, small),
  million(subarrays, whole),
)
for (const [name, peer] of Object.entries(peers)) {
  await compare(`${what}: offsets / ${name}`, million(scan, small), peer, { timesAsFast: 10 })
}
await compare(`${what}: offsets / a bare walk over the headers`, million(scan, small), million(walk, whole), {
  timesAsFast: 0.5,
})
for (const [chunkSize, frames, timesAsFast] of [
  [1024, 1000, 15],
  [7, 24, 200],
] as const) {
  const large = stream(frames, 65_536, chunkSize)
  await compare(
    `64 KiB frames in ${chunkSize} B chunks / a decoder that joins its chunks`,
    side(push, large, frames, 65_536, 20),
    side(joining, large, frames, 65_536),
    { timesAsFast },
  )
  // The time per byte must not depend on the size of the frame: the ratio is 1.
  const larger = stream(frames / 2, 131_072, chunkSize)
  await compare(
    `64 KiB frames in ${chunkSize} B chunks / as many bytes in 128 KiB frames`,
    side(push, large, frames, 65_536, 20),
    side(push, larger, frames / 2, 131_072, 20),
  )
}
