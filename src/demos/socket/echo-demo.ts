/** An echo server and a client as two processes; the supervisor finds their sockets in /proc/net/tcp. */
import type { EchoClientConfig } from '../../actors/echo-client.js'
import { probePort } from '../../ipc/tcp.js'
import { openFiles } from '../../proc/fds.js'
import { ephemeralRange, readTcpTable, type TcpRow, unprivilegedPortStart } from '../../proc/net-tcp.js'
import { hasCapability, readStatus } from '../../proc/status.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { requireProc } from '../shared/require-proc.js'
import { listeningAddress } from './listening-address.js'
import { showFin, showReset } from './show-endings.js'
import { showServices } from './show-services.js'
import { host, isAt, sayRow } from './tcp-rows.js'

const messages = ['hello', 'wörld', '', 'a frame is a length and a body']

export const echoDemo: Demo = async (stage) => {
  requireProc('tcp-echo demo')
  stage.note(
    'One TCP connection is two sockets, one in each process. Watch the kernel list both in /proc/net/tcp.',
    'opening',
  )
  const server = await stage.start({
    program: 'echo-server',
    name: 'server',
    config: {
      host,
      port: 0,
      reply: 'frame',
      maxFrame: 65_536,
      maxConnections: null,
      idleTimeoutMs: null,
      announce: false,
      watched: true,
    },
  })
  const { port } = await listeningAddress(server)
  const listening = seeListening(stage, server, port)
  showServices(stage)

  stage.note(
    `A client connects and sends ${messages.length} frames. ` +
      'A frame is a header of 4 bytes and a body, so hello takes 9 bytes.',
  )
  const config: EchoClientConfig = {
    host,
    port,
    reply: 'frame',
    messages,
    size: null,
    rounds: 1,
    chunk: null,
    delayMs: 0,
    print: false,
    report: true,
    // The demo compares the echoes itself, and claims what it finds.
    check: false,
    hold: true,
  }
  const client = await stage.start({ program: 'echo-client', name: 'client', config })
  await client.until('received', ({ seq }) => seq === messages.length - 1)
  seePair(stage, server, client, port)

  client.tell('close')
  await client.ended
  // The server closes its socket of the connection after the client's, so that it stops with none open.
  await server.until('removed')
  const echoes = client.events.flatMap((event) => (event.event === 'received' ? [event.text] : []))
  stage.claim(
    'frame/arrives-unchanged',
    `Frames keep messages apart in a stream: all ${messages.length} came back as sent, the empty one too.`,
    JSON.stringify(echoes) === JSON.stringify(messages),
  )
  await showFin(stage, server, port)
  await showReset(stage, server, config)
  stage.note('The server is asked to stop.')
  server.tell('stop')
  await server.ended
  stage.claim(
    'tcp/listener-goes-with-its-process',
    `A socket is closed when its process exits: inode ${listening?.inode} is no longer in /proc/net/tcp.`,
    !readTcpTable().some((row) => row.inode === listening?.inode),
  )
  await seeLowPort(stage)
  stage.note(
    'The two addresses with their ports identify a connection, so one port of a server serves many clients. ' +
      'TCP itself carries only bytes: frames are an agreement between the programs.',
    'closing',
  )
  stage.note('Next: `osdemo short-reads` shows why a frame must be read in full.', 'next')
}

function seeListening(stage: Stage, server: Actor, port: number): TcpRow | undefined {
  const row = readTcpTable().find((socket) => socket.state === 'LISTEN' && isAt(socket.local, port))
  sayRow(stage, row, 'the listener')
  stage.claim(
    'tcp/server-holds-listening-socket',
    `A port is open while a process listens on it: the server has the listener of port ${port}.`,
    holds(server, row),
  )
  return row
}

/** Shows that a connection is two sockets, and that each has the other's address as its remote one. */
function seePair(stage: Stage, server: Actor, client: Actor, port: number): void {
  const rows = readTcpTable().filter((socket) => socket.state === 'ESTABLISHED')
  const near = rows.find((socket) => isAt(socket.remote, port))
  const far = near && rows.find((socket) => isAt(socket.remote, near.local.port) && isAt(socket.local, port))
  sayRow(stage, near, "the client's socket")
  sayRow(stage, far, "the server's socket")
  stage.claim(
    'tcp/connection-is-a-pair-of-sockets',
    'A connection is a pair of sockets: each process has one, and each names the other as its peer.',
    holds(client, near) && holds(server, far),
  )
  const range = ephemeralRange()
  if (!near || !range) {
    stage.note('Not observed: /proc/sys/net/ipv4/ip_local_port_range cannot be read here.', 'aside')
    return
  }
  const source = '/proc/sys/net/ipv4/ip_local_port_range'
  stage.evidence(source, `${range.first} ${range.last}`, 'the first and the last ephemeral port', {
    data: { first: range.first, last: range.last },
  })
  const { port: chosen } = near.local
  stage.claim(
    'tcp/client-gets-ephemeral-port',
    `A client gets an ephemeral port from the kernel: here ${chosen}.`,
    chosen >= range.first && chosen <= range.last,
  )
}

/** Whether one of the process's descriptors is this socket. */
function holds(actor: Actor, row: TcpRow | undefined): boolean {
  return openFiles(actor.id).some((file) => file.target === `socket:[${row?.inode}]`)
}

/** CAP_NET_BIND_SERVICE, linux/capability.h. */
const bindService = 10

/** Shows what bind(2) to a port below 1024 returns for this user. */
async function seeLowPort(stage: Stage): Promise<void> {
  const { port, errno } = await probePort(1023)
  const outcome = errno === undefined ? 'succeeded' : `failed with ${errno}`
  const first = unprivilegedPortStart() ?? 1024
  const status = readStatus(process.pid)
  const capable = status !== undefined && hasCapability(status, bindService)
  const user = process.getuid!() // Every Unix has getuid(2).
  stage.evidence('errno', errno ?? '0', `bind(2) to 127.0.0.1:${port} as user ${user}`)
  stage.evidence(
    '/proc/sys/net/ipv4/ip_unprivileged_port_start',
    `${first}`,
    'the first port that any user may bind',
    { data: first },
  )
  if (port >= first) {
    stage.claim(
      'tcp/port-is-free-for-all',
      `Any user may bind a port from ${first} up on this machine: bind(2) to ${port} ${outcome}.`,
      errno === undefined,
    )
    return
  }
  if (status) {
    const capabilities = `CapEff: ${status.capEff.toString(16).padStart(16, '0')}`
    const gloss = `${capable ? 'includes' : 'lacks'} CAP_NET_BIND_SERVICE`
    stage.evidence('/proc/self/status', capabilities, gloss)
  }
  if (!capable)
    stage.claim(
      'tcp/privileged-port-is-refused',
      `A port below ${first} needs CAP_NET_BIND_SERVICE: without it, bind(2) to ${port} ${outcome}.`,
      errno === 'EACCES',
    )
  else if (errno === 'EACCES') {
    stage.note(
      'Not observed: the capability of this process does not count in the user namespace of this network.',
      'aside',
    )
  } else
    stage.claim(
      'tcp/privileged-port-needs-capability',
      `A port below ${first} needs CAP_NET_BIND_SERVICE: with it, bind(2) to ${port} ${outcome}.`,
      errno === undefined,
    )
}
