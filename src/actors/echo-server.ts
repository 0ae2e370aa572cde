/**
 * Serves TCP: every whole frame comes back as it is. Bytes are read in chunks as they come, all whole frames of a chunk
 * go back in one write, and while a peer does not take its echoes nothing more is read from it.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { errnoOf } from '../errors.js'
import type { Say } from '../events.js'
import { FrameDecoder, FrameTooLongError, TruncatedFrameError } from '../framing/index.js'
import { address, addressError, boundAddress } from '../ipc/tcp.js'
import { openFiles } from '../proc/fds.js'
import { readTcpTable } from '../proc/net-tcp.js'
import { readNumbers } from '../proc/read.js'
import { readStat } from '../proc/stat.js'
import { counted, createMeter, type Meter, textOf } from './meter.js'
import { playServer } from './preamble.js'
import { writeOut } from './stdio.js'

export interface EchoServerConfig {
  host: string
  /** 0 takes any free one. */
  port: number
  /** The longest frame that is taken, in bytes. */
  maxFrame: number
  maxConnections: number | null
  /** A connection on which nothing moves for so long is closed. */
  idleTimeoutMs: number | null
  /** Say `listening on HOST:PORT` on stdout. */
  announce: boolean
}

/** Bytes of the length before each frame. */
const headerBytes = 4

/** How long a stopping server, or a connection that is being closed, waits for its peer, in milliseconds. */
const grace = 2000

playServer<EchoServerConfig>(async ({ say, config, told }) => {
  const connections = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
    serve(socket, config, say)
  })
  if (config.maxConnections !== null) server.maxConnections = config.maxConnections
  server.on('drop', (peer) => {
    const from = peer ? address(peer.remoteAddress ?? '?', peer.remotePort ?? 0) : 'a peer'
    say({ event: 'note', text: `refused ${from}: ${config.maxConnections} connections are open already` })
  })
  await listen(server, config)
  server.on('error', (error) => say({ event: 'note', text: `cannot accept: ${error.message}` }))

  const { host, port } = boundAddress(server.address())
  say({ event: 'created', kind: 'socket', id: address(host, port), host, port })
  if (config.announce) await writeOut(Buffer.from(`listening on ${address(host, port)}\n`))

  await told()
  say({ event: 'note', text: `stops accepting; connections open now: ${connections.size}` })
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const socket of connections) finish(socket)
  await Promise.race([closed, sleep(grace, undefined, { ref: false })])
  for (const socket of connections) socket.destroy()
  say({ event: 'removed', kind: 'socket', id: address(host, port) })
})

function listen(server: Server, { host, port }: EchoServerConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(
        addressError(error, `cannot listen on ${address(host, port)}`, {
          EADDRINUSE: `${whoListens(port) ?? 'another process listens there'}; --port 0 takes any free port`,
        }),
      )
    server.once('error', fail)
    server.listen({ host, port }, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

/** Which process has a listening socket on this port, where /proc shows it. */
function whoListens(port: number): string | undefined {
  const inode = readTcpTable().find((row) => row.state === 'LISTEN' && row.local.port === port)?.inode
  const pid = readNumbers('/proc').find((id) =>
    openFiles(id).some((file) => file.target === `socket:[${inode}]`),
  )
  return pid === undefined ? undefined : `process ${pid} (${readStat(pid)?.comm}) listens there`
}

/** Echoes one connection until it ends, however it ends. Nothing that a peer does may reach another connection. */
function serve(socket: Socket, config: EchoServerConfig, say: Say): void {
  const peer = address(socket.remoteAddress ?? '?', socket.remotePort ?? 0)
  const local = address(socket.localAddress ?? '?', socket.localPort ?? 0)
  const id = `${local} to ${peer}`
  const decoder = new FrameDecoder({ maxLength: config.maxFrame })
  const received = createMeter(say, `${peer} > ${local}`, 'received')
  const sent = createMeter(say, `${local} > ${peer}`, 'sent')
  const note = (text: string) => say({ event: 'note', text: `${peer} ${text}` })
  say({ event: 'created', kind: 'socket', id })
  if (config.idleTimeoutMs !== null) {
    socket.setTimeout(config.idleTimeoutMs, () => {
      note(`was idle for ${config.idleTimeoutMs} ms: closed`)
      socket.destroy()
    })
  }

  socket.on('data', (chunk) => {
    try {
      if (!echo(socket, chunk, decoder, received, sent)) socket.pause()
    } catch (error) {
      if (!(error instanceof FrameTooLongError)) throw error
      note(`announced a frame of ${error.length} bytes, above the limit of ${error.maxLength}: closed`)
      finish(socket)
    }
  })
  socket.on('drain', () => socket.resume())
  // The peer may have ended its side only: it still gets its echoes.
  socket.on('end', () => {
    try {
      decoder.end()
    } catch (error) {
      if (error instanceof TruncatedFrameError) note(error.message)
    }
    socket.end()
  })
  socket.on('error', (error) => {
    note(errnoOf(error) === 'ECONNRESET' ? 'reset the connection (ECONNRESET)' : `failed: ${error.message}`)
  })
  socket.on('close', () => {
    received.flush()
    sent.flush()
    note(`got ${counted(sent.messages, 'frame')} back, ${counted(sent.bytes, 'byte')} with headers`)
    say({ event: 'removed', kind: 'socket', id })
  })
}

/**
 * Sends the whole frames of a chunk back.
 *
 * @returns false when the peer does not take them fast enough
 * @throws FrameTooLongError after the frames before it have been sent
 */
function echo(socket: Socket, chunk: Buffer, decoder: FrameDecoder, received: Meter, sent: Meter): boolean {
  let from = 0
  let to = 0
  try {
    decoder.scan(chunk, (buffer, start, end) => {
      const length = headerBytes + end - start
      const text = () => textOf(buffer.subarray(start, end))
      received.message(length, text)
      sent.message(length, text)
      if (buffer === chunk && start >= headerBytes) {
        if (to === 0) from = start - headerBytes
        to = end
        return
      }
      // It began in an earlier chunk, so it is the first of this one; corked, all goes out in one writev(2).
      socket.cork()
      const header = Buffer.allocUnsafe(headerBytes)
      header.writeUInt32BE(end - start)
      socket.write(header)
      socket.write(buffer.subarray(start, end))
    })
  } finally {
    if (to > 0) socket.write(chunk.subarray(from, to))
    if (socket.writableCorked > 0) socket.uncork()
  }
  return !socket.writableNeedDrain
}

/**
 * Ends a connection from our side: what was echoed goes out, then FIN. What the peer still sends is thrown away: closing
 * with unread bytes would be a reset, which may take the last echoes from the peer.
 */
function finish(socket: Socket): void {
  socket.removeAllListeners('data')
  socket.removeAllListeners('drain')
  socket.end()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), grace)
  socket.on('close', () => clearTimeout(timer))
}
