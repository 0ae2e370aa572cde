// Frames with osdemo's library, without a network: from bytes in odd pieces back to messages.
//
//     node examples/frames.mjs
//
// In a project of your own, run npm install PATH-TO-OSDEMO, and import it in the same way.
import { Readable } from 'node:stream'
import { decode, encode, FrameDecoder, FrameTooLongError, TruncatedFrameError } from 'osdemo/framing'

const print = (text) => process.stdout.write(`${text}\n`)

const stream = Buffer.concat([encode('hello'), encode(''), encode('wörld')])
print(`on the wire: ${stream.toString('hex')}`)

// A stream has no message boundaries: it may arrive in pieces of any size, here of 3 bytes.
const pieces = []
for (let at = 0; at < stream.length; at += 3) pieces.push(stream.subarray(at, at + 3))

// push() takes the bytes that have arrived, and returns the frames that they complete.
const decoder = new FrameDecoder()
for (const [index, piece] of pieces.entries()) {
  const frames = decoder.push(piece).map((frame) => JSON.stringify(frame.toString()))
  print(`piece ${index} (${piece.toString('hex')}) completes ${frames.join(', ') || 'nothing'}`)
}
decoder.end()

// decode() does the same with anything that can be iterated, such as a socket.
const texts = []
for await (const frame of decode(Readable.from(pieces))) texts.push(frame.toString())
print(`decode() yields ${JSON.stringify(texts)}`)

// A peer may announce any length, so set a limit. And a stream may end inside a frame.
const strict = new FrameDecoder({ maxLength: 4 })
try {
  strict.push(stream)
} catch (error) {
  if (!(error instanceof FrameTooLongError)) throw error
  print(`FrameTooLongError: ${error.message}`)
}
try {
  const cut = new FrameDecoder()
  cut.push(stream.subarray(0, 7))
  cut.end()
} catch (error) {
  if (!(error instanceof TruncatedFrameError)) throw error
  print(`TruncatedFrameError: ${error.message}`)
}
