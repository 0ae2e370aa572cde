/** Server and client as two processes; the supervisor looks their sockets up in /proc. */
import { probePort } from '../../ipc/tcp.js'
import { openFiles } from '../../proc/fds.js'
import { ephemeralRange, readTcpTable, type TcpRow, unprivilegedPortStart } from '../../proc/net-tcp.js'
import { hasCapability, readStatus } from '../../proc/status.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { requireProc } from '../shared/require-proc.js'
import { listeningAddress } from './listening-address.js'

const messages = ['hello', 'wörld', '', 'a frame is a length and a body']

export const echoDemo: Demo = async (stage) => {
  requireProc('tcp-echo demo')
  const host = '127.0.0.1'
  const server = await stage.start({
    program: 'echo-server',
    name: 'server',
    config: {
      host,
      port: 0,
      maxFrame: 65_536,
      maxConnections: null,
      idleTimeoutMs: null,
      announce: false,
      watched: true,
    },
  })
  const { port } = await listeningAddress(server)
  const listening = seeListening(stage, server, port)

  const client = await stage.start({
    program: 'echo-client',
    name: 'client',
    config: {
      host,
      port,
      messages,
      size: null,
      rounds: 1,
      chunk: null,
      delayMs: 0,
      print: false,
      report: true,
      hold: true,
    },
  })
  await client.until('received', ({ seq }) => seq === messages.length - 1)
  seePair(stage, server, client, port)

  client.tell('close')
  await client.ended
  const echoes = client.events.flatMap((event) => (event.event === 'received' ? [event.text] : []))
  stage.claim(
    'frame/arrives-unchanged',
    `all ${messages.length} frames came back as they were sent, the empty one too`,
    JSON.stringify(echoes) === JSON.stringify(messages),
  )
  server.tell('stop')
  await server.ended
  stage.claim(
    'tcp/listener-goes-with-its-process',
    'the listening socket has gone with its process',
    !readTcpTable().some((row) => row.inode === listening?.inode),
  )
  await seeLowPort(stage)
}

function seeListening(stage: Stage, server: Actor, port: number): TcpRow | undefined {
  const row = readTcpTable().find((socket) => socket.state === 'LISTEN' && socket.local.port === port)
  sayRow(stage, row, 'the listening socket')
  stage.claim(
    'tcp/server-holds-listening-socket',
    `port ${port} is open for connections, and the server holds it`,
    holds(server, row),
  )
  return row
}

/** One connection is two sockets; each names the other's address as its remote one. */
function seePair(stage: Stage, server: Actor, client: Actor, port: number): void {
  const rows = readTcpTable().filter((socket) => socket.state === 'ESTABLISHED')
  const near = rows.find((socket) => socket.remote.port === port)
  const far =
    near && rows.find((socket) => socket.remote.port === near.local.port && socket.local.port === port)
  sayRow(stage, near, 'the socket of the client')
  sayRow(stage, far, 'the socket of the server')
  stage.claim(
    'tcp/connection-is-a-pair-of-sockets',
    'the connection is a pair of sockets, one in each process, and each names the other',
    holds(client, near) && holds(server, far),
  )
  const range = ephemeralRange()
  if (!near || !range) {
    stage.note('/proc/sys/net/ipv4/ip_local_port_range cannot be read here', 'aside')
    return
  }
  const source = '/proc/sys/net/ipv4/ip_local_port_range'
  stage.evidence(source, `${range.first} to ${range.last}`, 'the ports that the kernel gives to clients', {
    data: { first: range.first, last: range.last },
  })
  const { port: chosen } = near.local
  stage.claim(
    'tcp/client-gets-ephemeral-port',
    `the kernel gave the client the ephemeral port ${chosen}`,
    chosen >= range.first && chosen <= range.last,
  )
}

function sayRow(stage: Stage, row: TcpRow | undefined, about: string): void {
  if (!row) {
    stage.evidence('/proc/net/tcp', 'no such row', about)
    return
  }
  const { state, inode } = row
  const [local, remote] = [row.local, row.remote].map(({ host, port }) => `${host}:${port}`)
  stage.evidence('/proc/net/tcp', `${local} to ${remote}, ${state}, inode ${inode}`, about, {
    data: { localPort: row.local.port, remotePort: row.remote.port, state, inode },
  })
}

/** Whether one of the process's descriptors is this socket. */
function holds(actor: Actor, row: TcpRow | undefined): boolean {
  return openFiles(actor.id).some((file) => file.target === `socket:[${row?.inode}]`)
}

/** CAP_NET_BIND_SERVICE, linux/capability.h. */
const bindService = 10

/** What the kernel answers to this user on a port below 1024. */
async function seeLowPort(stage: Stage): Promise<void> {
  const { port, errno } = await probePort(1023)
  const first = unprivilegedPortStart() ?? 1024
  const status = readStatus(process.pid)
  const capable = status !== undefined && hasCapability(status, bindService)
  const user = process.getuid!() // Every Unix has getuid(2).
  stage.evidence('errno', errno ?? '0', `bind(2) to port ${port} of 127.0.0.1, as user ${user}`)
  stage.evidence(
    '/proc/sys/net/ipv4/ip_unprivileged_port_start',
    `${first}`,
    'the first port that is free for all',
    { data: first },
  )
  if (port >= first) {
    stage.claim(
      'tcp/port-is-free-for-all',
      `port ${port} is free for all on this machine`,
      errno === undefined,
    )
    return
  }
  stage.evidence('/proc/self/status CapEff', capable ? 'yes' : 'no', 'CAP_NET_BIND_SERVICE for this process')
  if (!capable)
    stage.claim(
      'tcp/privileged-port-is-refused',
      `port ${port} is privileged, and refused: EACCES`,
      errno === 'EACCES',
    )
  else if (errno === 'EACCES') {
    stage.note(
      'a capability counts only in the user namespace that owns this network; here another one does',
      'aside',
    )
  } else
    stage.claim(
      'tcp/privileged-port-needs-capability',
      `port ${port} is privileged, and this process has the right to it`,
      errno === undefined,
    )
}
