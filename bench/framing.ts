/**
 * How fast frames are decoded, beside the npm package frame-stream (the same 4-byte big-endian frames), beside a walk
 * over the headers that does nothing else, and beside the decoder that every textbook begins with, which joins what it
 * has with each chunk. Run it with `npx tsx bench/framing.ts`.
 */
import { strictEqual } from 'node:assert'
import { Readable, type TransformOptions } from 'node:stream'
import { type DecodeOptions, decode as frameStream } from 'frame-stream'
import { encode, FrameDecoder } from '../src/framing/index.js'
import { compare, timed } from './sides.js'

/** A stream of equal frames, cut into chunks of this many bytes. */
function stream(frames: number, length: number, chunkSize: number): Buffer[] {
  const frame = encode(Buffer.alloc(length, 1))
  const all = Buffer.concat(Array.from({ length: frames }, () => frame))
  const chunks: Buffer[] = []
  for (let at = 0; at < all.length; at += chunkSize) chunks.push(all.subarray(at, at + chunkSize))
  return chunks
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

/** Reads header after header in one buffer: no decoder can do less. */
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

async function npm(chunks: Buffer[]): Promise<Count> {
  const count = { frames: 0, bytes: 0 }
  const options: DecodeOptions & TransformOptions = { readableObjectMode: true }
  // In object mode, or the stream would join the frames that it has just cut.
  const frames: AsyncIterable<Buffer> = Readable.from(chunks).pipe(frameStream(options))
  for await (const frame of frames) {
    count.frames++
    count.bytes += frame.length
  }
  return count
}

/** A side of the comparison that also checks what it decoded. */
function side<Input>(
  decoder: (input: Input) => Count | Promise<Count>,
  input: Input,
  frames: number,
  length: number,
) {
  return () =>
    timed(async () => {
      const count = await decoder(input)
      strictEqual(count.frames, frames)
      strictEqual(count.bytes, frames * length)
    })
}

const small = stream(1_000_000, 64, 65_536)
const whole = Buffer.concat(small)
const fewSmall = stream(200_000, 64, 65_536)
await compare(
  '64 B frames, 64 KiB chunks: a Buffer each / frame-stream',
  side(push, fewSmall, 200_000, 64),
  side(npm, fewSmall, 200_000, 64),
)
await compare(
  '64 B frames, 64 KiB chunks: offsets / frame-stream',
  side(scan, fewSmall, 200_000, 64),
  side(npm, fewSmall, 200_000, 64),
)
await compare(
  '64 B frames, 64 KiB chunks: offsets / a bare walk over the headers',
  side(scan, small, 1_000_000, 64),
  side(walk, whole, 1_000_000, 64),
)
for (const chunkSize of [1024, 7]) {
  const frames = chunkSize === 7 ? 4 : 400
  const large = stream(frames, 65_536, chunkSize)
  await compare(
    `64 KiB frames, ${chunkSize} B chunks: a Buffer each / joining what is held`,
    side(push, large, frames, 65_536),
    side(joining, large, frames, 65_536),
  )
}
