/** Serves TCP clients: sends every complete frame back. lib/echo-connection.ts handles a single connection. */
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { DemoFailed } from '../errors.js'
import type { NoteRole, Say } from '../events.js'
import { address, addressError, boundAddress } from '../ipc/tcp.js'
import { openFiles } from '../proc/fds.js'
import { openFilesLimit } from '../proc/limits.js'
import { readTcpTable } from '../proc/net-tcp.js'
import { readPids } from '../proc/pids.js'
import { readStat } from '../proc/stat.js'
import { counted } from '../text.js'
import { type EchoConnection, type EchoRules, echoConnection, grace } from './lib/echo-connection.js'
import { createStory } from './lib/echo-story.js'
import { runServer } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'

export interface EchoServerConfig extends EchoRules {
  host: string
  /** 0 chooses any free one. */
  port: number
  maxConnections: number | null
  /** Print `listening on HOST:PORT` on stdout. */
  announce: boolean
  /** Report connections, frames and troubles as events; without it, only the address and a failure. */
  watched: boolean
}

/** Descriptors kept free for everything else, such as accepting a connection in order to refuse it. */
const spareDescriptors = 4

/**
 * How many bytes all connections together may use beyond the first buffer of each: for partial frames, and for echoes that
 * peers do not read. A connection that would need more is closed, so that clients which never read cannot use up all memory.
 * Freed buffers stay in memory until the next garbage collection, so the process may use twice as much.
 */
const sharedMemory = 32 * 2 ** 20

declare module '../actor-types.js' {
  interface Actors {
    'echo-server': { config: EchoServerConfig; word: 'stop'; runsAs: 'process' }
  }
}

runServer<'echo-server'>(async ({ say, config, nextWord }) => {
  const tell: Say = config.watched ? say : () => {}
  const note = (text: string, role: NoteRole) => tell({ event: 'note', text, role })
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
  await listen(server, config)
  const { host, port } = boundAddress(server.address())
  const here = address(host, port)
  const story = createStory(tell, here, config.reply)
  const budget = { left: Math.max(sharedMemory, 2 * config.maxFrame) }
  const connections = new Set<EchoConnection>()
  const peerOf = createPeerNames()
  server.on('connection', (socket) => {
    const peer = peerOf(socket)
    const local = address(socket.localAddress ?? host, socket.localPort ?? port)
    const connection = echoConnection(socket, config, budget, peer, story.opened(local, peer))
    connections.add(connection)
    socket.on('close', () => connections.delete(connection))
  })

  const room = roomForConnections()
  const shortage = createShortage((text) => note(text, 'next'))
  server.maxConnections = Math.min(config.maxConnections ?? Number.POSITIVE_INFINITY, room)
  server.on('drop', (peer) => {
    if (room < (config.maxConnections ?? Number.POSITIVE_INFINITY)) return shortage.refused(connections.size)
    const from = peer ? address(peer.remoteAddress ?? '?', peer.remotePort ?? 0) : 'a peer'
    story.trouble(
      'refused connection',
      `Refused ${from}: ${counted(server.maxConnections, 'connection')} may be open at a time.`,
    )
  })
  server.on('error', (error) =>
    story.trouble('failed accept', `Cannot accept a connection: ${error.message}.`),
  )

  say({ event: 'created', kind: 'socket', id: here, host, port })
  if (config.announce) await writeOut(Buffer.from(`listening on ${here}\n`))

  await nextWord()
  const open = counted(connections.size, 'open connection')
  if (connections.size === 0) note('Stopping: no connection is open.', 'step')
  else note(`Stopping: waiting at most ${grace / 1000} s for ${open} to close.`, 'next')
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const connection of connections) connection.finish()
  await Promise.race([closed, sleep(grace, undefined, { ref: false })])
  for (const connection of connections) connection.destroy()
  await closed
  shortage.over()
  story.flush()
  tell({ event: 'removed', kind: 'socket', id: here })
})

/** Names peers by their address. A peer that reset its connection before accept(2) has none any more, so it gets a number. */
function createPeerNames() {
  let nameless = 0
  return ({ remoteAddress, remotePort }: Socket) =>
    remoteAddress === undefined || remotePort === undefined
      ? `unknown peer ${++nameless}`
      : address(remoteAddress, remotePort)
}

/**
 * For how many connections this process has descriptors. It must refuse connections before accept(2) runs out of them,
 * because Node then closes connections without reporting it.
 *
 * @throws DemoFailed where there is not even one
 */
function roomForConnections(): number {
  const limit = openFilesLimit()
  if (limit === undefined) return Number.POSITIVE_INFINITY
  const room = limit - openFiles(process.pid).length - spareDescriptors
  if (room >= 1) return room
  throw new DemoFailed(`a limit of ${limit} open files leaves no descriptor for a connection`, {
    hint: 'Raise the limit: ulimit -n 1024',
  })
}

/** Reports once that descriptors have run out, and how many connections were refused when a second passes without a refusal. */
function createShortage(note: (text: string) => void) {
  let refusals = 0
  let timer: NodeJS.Timeout | undefined
  function over(): void {
    clearTimeout(timer)
    if (refusals > 0) note(`Refused ${counted(refusals, 'connection')} while descriptors had run out.`)
    refusals = 0
  }
  return {
    refused(open: number): void {
      clearTimeout(timer)
      timer = setTimeout(over, 1000)
      if (refusals++ > 0) return
      note(
        `Descriptors ran out with ${counted(open, 'connection')} open and a limit of ${openFilesLimit()} files. ` +
          'Others are refused until one closes. To allow more, run `ulimit -n 1024` before the server.',
      )
    },
    over,
  }
}

/**
 * How many connections may wait to be accepted, listen(2). The kernel caps it at net.core.somaxconn. Node's default is 511. With
 * 1,300 clients at once that overflowed: the kernel dropped packets and made connections from SYN cookies, tcp(7). Then the first
 * byte of some clients never arrived here, although the kernel had acknowledged it to them.
 */
const backlog = 4096

function listen(server: Server, { host, port }: EchoServerConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(
        addressError(error, `cannot listen on ${address(host, port)}`, {
          EADDRINUSE: `The port is in use by ${listenerOf(port) ?? 'another process'}. Use any free one: --port 0`,
        }),
      )
    server.once('error', fail)
    server.listen({ host, port, backlog }, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

/** The process that has the listener of this port, as in `node (pid 812)`, where /proc shows it. */
function listenerOf(port: number): string | undefined {
  const inode = readTcpTable().find((row) => row.state === 'LISTEN' && row.local.port === port)?.inode
  const pid = readPids().find((id) => openFiles(id).some((file) => file.target === `socket:[${inode}]`))
  return pid === undefined ? undefined : `${readStat(pid)?.comm} (pid ${pid})`
}
