/** Serves TCP: every whole frame comes back as it is. What becomes of a single connection is in lib/echo-connection.ts. */
import { createServer, type Server } from 'node:net'
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
import { type EchoConnection, type EchoLimits, echoConnection, grace } from './lib/echo-connection.js'
import { createStory } from './lib/echo-story.js'
import { runServer } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'

export interface EchoServerConfig extends EchoLimits {
  host: string
  /** 0 takes any free one. */
  port: number
  maxConnections: number | null
  /** Say `listening on HOST:PORT` on stdout. */
  announce: boolean
  /** Somebody sees the story. */
  watched: boolean
}

/** Descriptors that are left for everything else, such as accepting a connection in order to refuse it. */
const spareDescriptors = 4

/**
 * What all connections together may hold beyond the first room of each, in bytes: unfinished frames, and echoes that
 * peers do not take. Who would need more is closed, so that clients which never read cannot take all memory. What was
 * given back stays in our memory until the next garbage collection, so the process may hold twice as much.
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
  const story = createStory(tell, here)
  const budget = { left: Math.max(sharedMemory, 2 * config.maxFrame) }
  const connections = new Set<EchoConnection>()
  server.on('connection', (socket) => {
    const peer = address(socket.remoteAddress ?? '?', socket.remotePort ?? 0)
    const local = address(socket.localAddress ?? '?', socket.localPort ?? 0)
    const connection = echoConnection(socket, config, budget, story.opened(local, peer))
    connections.add(connection)
    socket.on('close', () => connections.delete(connection))
  })

  const room = roomForConnections()
  const shortage = createShortage((text) => note(text, 'aside'))
  server.maxConnections = Math.min(config.maxConnections ?? Number.POSITIVE_INFINITY, room)
  server.on('drop', (peer) => {
    if (room < (config.maxConnections ?? Number.POSITIVE_INFINITY)) return shortage.refused(connections.size)
    const from = peer ? address(peer.remoteAddress ?? '?', peer.remotePort ?? 0) : 'a peer'
    story.trouble('refused', `refused ${from}: ${config.maxConnections} connections are open already`)
  })
  server.on('error', (error) => story.trouble('could not accept', `cannot accept: ${error.message}`))

  say({ event: 'created', kind: 'socket', id: here, host, port })
  if (config.announce) await writeOut(Buffer.from(`listening on ${here}\n`))

  await nextWord()
  note(`stops accepting; connections open now: ${connections.size}`, 'step')
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const connection of connections) connection.finish()
  await Promise.race([closed, sleep(grace, undefined, { ref: false })])
  for (const connection of connections) connection.destroy()
  await closed
  shortage.over()
  story.flush()
  tell({ event: 'removed', kind: 'socket', id: here })
})

/**
 * How many connections the descriptors of this process suffice for. When accept(2) itself runs out of them Node closes
 * connections without a word, so it must not come to that.
 *
 * @throws DemoFailed where they do not suffice for one
 */
function roomForConnections(): number {
  const limit = openFilesLimit()
  if (limit === undefined) return Number.POSITIVE_INFINITY
  const room = limit - openFiles(process.pid).length - spareDescriptors
  if (room >= 1) return room
  throw new DemoFailed(`a limit of ${limit} open files leaves no descriptor for a connection`, {
    hint: 'raise the limit: ulimit -n 1024',
  })
}

/** Says once that descriptors have run out, and when nobody has been refused for a second, how many have been before. */
function createShortage(note: (text: string) => void) {
  let refusals = 0
  let timer: NodeJS.Timeout | undefined
  function over(): void {
    clearTimeout(timer)
    if (refusals > 0) note(`descriptors had run out: ${counted(refusals, 'connection')} refused meanwhile`)
    refusals = 0
  }
  return {
    refused(open: number): void {
      clearTimeout(timer)
      timer = setTimeout(over, 1000)
      if (refusals++ > 0) return
      note(
        `descriptors ran out with ${counted(open, 'connection')} open and a limit of ${openFilesLimit()} files: refuses ` +
          'others until one closes; for more, start it after ulimit -n 1024',
      )
    },
    over,
  }
}

/**
 * How many may wait to be accepted; the kernel takes net.core.somaxconn where that is less, listen(2). Node would ask for 511. With
 * 1,300 at once that overflowed: the kernel dropped packets and made connections from SYN cookies, tcp(7), and of some clients
 * the first byte never came, though it was acknowledged to them.
 */
const backlog = 4096

function listen(server: Server, { host, port }: EchoServerConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(
        addressError(error, `cannot listen on ${address(host, port)}`, {
          EADDRINUSE: `${whoListens(port) ?? 'another process listens there'}; --port 0 takes any free port`,
        }),
      )
    server.once('error', fail)
    server.listen({ host, port, backlog }, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

/** Which process has a listening socket on this port, where /proc shows it. */
function whoListens(port: number): string | undefined {
  const inode = readTcpTable().find((row) => row.state === 'LISTEN' && row.local.port === port)?.inode
  const pid = readPids().find((id) => openFiles(id).some((file) => file.target === `socket:[${inode}]`))
  return pid === undefined ? undefined : `process ${pid} (${readStat(pid)?.comm}) listens there`
}
