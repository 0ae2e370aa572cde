/** The echo server (the real program), and peers that behave as a test needs. */
import { createConnection, type Socket } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { openFiles } from '../../src/proc/fds.js'
import { readTcpTable, type TcpRow } from '../../src/proc/net-tcp.js'
import { isAlive } from '../../src/proc/stat.js'
import { childrenOf, newPlace, type Place, processesOf, type Run, type RunOptions } from './osdemo.js'
import { until } from './until.js'

export const MiB = 1024 * 1024

/** A second encoder: the one of the program is under test. */
export function frame(payload: string | Buffer): Buffer {
  const body = Buffer.from(payload as string)
  const header = Buffer.alloc(4)
  header.writeUInt32BE(body.length)
  return Buffer.concat([header, body])
}

export interface Server extends Run {
  place: Place
  port: number
  /** The pid of the process that serves. */
  actor: number
}

/** The port comes from the kernel, since some servers have no stdout that a test could read. */
export async function serve(words: string[] = [], options: RunOptions = {}): Promise<Server> {
  const place = newPlace()
  const run = place.osdemo(['tcp-echo', '--port', '0', ...words], options)
  const { actor, port } = await until(() =>
    childrenOf(run.pid)
      .map((pid) => ({ actor: pid, port: listeningRow(pid)?.local.port }))
      .find((child) => child.port !== undefined),
  )
  return { ...run, place, port: port!, actor }
}

export function listeningRow(pid: number): TcpRow | undefined {
  const files = openFiles(pid).map(({ target }) => target)
  return readTcpTable().find(({ state, inode }) => state === 'LISTEN' && files.includes(`socket:[${inode}]`))
}

export function isListening(port: number): boolean {
  return readTcpTable().some(({ state, local }) => state === 'LISTEN' && local.port === port)
}

/** The output so far on one line: a terminal's lines may be broken anywhere. */
export function story({ stderr }: Run): string {
  return stderr().replaceAll(/\s+/g, ' ')
}

export interface Peer {
  socket: Socket
  received(): Buffer
  /** The number of bytes received. */
  count(): number
  /** Whether a FIN was received. */
  ended(): boolean
  /** Whether the connection is closed, for whatever reason. */
  closed(): boolean
  errno(): string | undefined
}

/** A connection that reads everything. It answers the server's FIN with its own, unless it is `halfOpen`. */
export async function connect(port: number, { halfOpen = false, reads = true } = {}): Promise<Peer> {
  const socket = createConnection({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: halfOpen })
  const chunks: Buffer[] = []
  const seen = { count: 0, ended: false, closed: false, errno: undefined as string | undefined }
  if (!reads) socket.pause()
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    seen.count += chunk.length
  })
  if (!reads) socket.pause()
  socket.on('end', () => {
    seen.ended = true
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    seen.errno = error.code
  })
  socket.on('close', () => {
    seen.closed = true
  })
  onTestFinished(() => void socket.destroy())
  await until(() => !socket.connecting)
  return {
    socket,
    received: () => Buffer.concat(chunks),
    count: () => seen.count,
    ended: () => seen.ended,
    closed: () => seen.closed,
    errno: () => seen.errno,
  }
}

/** Waits until a process has accepted this connection: a server that exits resets the others. */
export async function accepted({ socket }: Peer): Promise<void> {
  await until(() =>
    readTcpTable().some(
      ({ local, remote, inode }) =>
        local.port === socket.remotePort && remote.port === socket.localPort && inode !== 0,
    ),
  )
}

/** Sends frames, receives as many bytes, closes, and expects the same bytes and no more. */
export async function expectEcho(port: number, frames: Buffer): Promise<void> {
  const peer = await connect(port)
  peer.socket.write(frames)
  await until(() => peer.count() >= frames.length || peer.closed())
  peer.socket.end()
  await until(() => peer.closed())
  expectSame(peer.received(), frames)
}

/** With megabytes, `toEqual` would take minutes to show a difference. */
export function expectSame(received: Buffer, expected: Buffer): void {
  if (expected.length < 10_000) expect(received).toEqual(expected)
  else
    expect({ length: received.length, same: received.equals(expected) }).toEqual({
      length: expected.length,
      same: true,
    })
}

/** Writes each part only when the server has read the previous one, so that no buffer of the kernel merges them. */
export async function writeApart({ socket }: Peer, parts: Buffer[]): Promise<void> {
  for (const part of parts) {
    socket.write(part)
    await until(() => socket.writableLength === 0 && unread(socket) === 0)
  }
}

/** How many bytes from this socket the server has not read yet. */
export function unread({ localPort, remotePort }: Socket): number | undefined {
  const rows = readTcpTable()
  const near = rows.find(({ local, remote }) => local.port === localPort && remote.port === remotePort)
  const far = rows.find(({ local, remote }) => local.port === remotePort && remote.port === localPort)
  return near && far && near.txQueue + far.rxQueue
}

export async function expectAllGone({ pid, port, actor, place }: Server): Promise<void> {
  await until(() => !isAlive(pid) && !isAlive(actor))
  // A process whose main thread has exited counts as a zombie, while others may still hold the socket for a moment.
  await until(() => !isListening(port))
  expect({ processes: processesOf(place), files: place.leftovers() }).toEqual({
    processes: [],
    files: [],
  })
}
