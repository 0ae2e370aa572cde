/**
 * Sends the same bytes in the same pieces to every reader that connects. It sends a piece only after the reader has reported
 * that it read all bytes before it (4 bytes, big-endian: how many its last read returned). So the stream is cut where the demo
 * needs it. Without that, TCP may cut it anywhere.
 */
import { createServer, type Socket } from 'node:net'
import { encode } from '../framing/index.js'
import { address, boundAddress } from '../ipc/tcp.js'
import { runActor } from './lib/runtime.js'

export interface FrameSenderConfig {
  /** Each piece in base64. */
  pieces: string[]
  /** The body's length, in bytes, of one more frame after them, sent in one piece. */
  lastFrame: number
  /** How many readers to serve before it exits. */
  readers: number
}

declare module '../actor-types.js' {
  interface Actors {
    'frame-sender': { config: FrameSenderConfig; word: never; runsAs: 'process' }
  }
}

runActor<'frame-sender'>(async ({ say, config }) => {
  const last = encode(Buffer.alloc(config.lastFrame, 'x'))
  const pieces = [...config.pieces.map((piece) => Buffer.from(piece, 'base64')), last]
  let left = config.readers
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    if (--left === 0) server.close()
    // The trusting reader closes in the middle of the stream, which is what the demo shows and no failure of the sender.
    sendPieces(socket, pieces).catch(() => socket.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  const { host, port } = boundAddress(server.address())
  const id = address(host, port)
  say({ event: 'created', kind: 'socket', id, host, port })
  server.on('close', () => say({ event: 'removed', kind: 'socket', id }))
})

async function sendPieces(socket: Socket, pieces: Buffer[]): Promise<void> {
  const consumed = countConsumed(socket)
  let sent = 0
  for (const piece of pieces) {
    socket.write(piece)
    sent += piece.length
    while (sent > 0) sent -= await consumed()
  }
  socket.end()
}

/** Returns a function that waits for reports of the reader, and sums how many bytes they say it has read. */
function countConsumed(socket: Socket): () => Promise<number> {
  const chunks = socket.iterator({ destroyOnReturn: false })
  let rest = Buffer.alloc(0)
  return async () => {
    const { value, done } = await chunks.next()
    if (done) throw new Error('the reader closed the connection')
    const counts = Buffer.concat([rest, value])
    let sum = 0
    let at = 0
    for (; at + 4 <= counts.length; at += 4) sum += counts.readUInt32BE(at)
    rest = counts.subarray(at)
    return sum
  }
}
