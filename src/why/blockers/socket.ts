/** Sockets: no client connects, the peer sends nothing, or the peer does not read. */
import { type AcceptQueue, acceptQueue } from '../../ipc/tcp-diag.js'
import { isElsewhere } from '../../proc/links.js'
import { type Endpoint, readTcpTable, type TcpRow } from '../../proc/net-tcp.js'
import { type Access, type Census, type Holder, takeCensus } from '../../proc/open-descriptors.js'
import type { OpenObject } from '../../proc/open-object.js'
import { type Blocker, noWaker, type Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { type Step, waitOrEnd } from '../step.js'
import { unixEnd } from './unix-socket.js'

export type SocketBlocker = Waking & { pid: number; fd: number } & (
    | { kind: 'tcp-listener'; row: TcpRow }
    | TcpConnection
    /** @property others descriptors of the socket that it is connected to, or else of those that are connected to it */
    | { kind: 'udp-socket'; row: TcpRow; isConnected: boolean; others: (Holder & { inode: number })[] }
    /** Of a family that osdemo does not know. @property target as /proc/PID/fd has it */
    | { kind: 'other-socket'; target: string }
  )

export interface TcpConnection {
  kind: 'tcp-connection'
  row: TcpRow
  /** What it waits for from the other end. */
  wanted: 'connection' | 'input' | 'output'
  /** The other end, where it is a socket of this network namespace. */
  peer?: TcpRow
  /** The listener that should accept it, where that has not happened yet. */
  listener?: TcpRow
  /** The accept queue of that listener, where it is full and this connection has no room in it. */
  full?: AcceptQueue
  /** How many listeners share that port (SO_REUSEPORT) and have a connection to accept: it is the one of any of them. */
  listeners: number
  /** The descriptors of the listener, or else of the other end. */
  holders: Holder[]
}

/** A thread that waits on a socket: for input, for room to send, or for the connection. */
export function socketEnd(world: World, pid: number, object: OpenObject, access: Access): Blocker {
  const { fd, ino, target } = object
  const about = { pid, fd, ...noWaker }
  const row = world.tcp(pid).find(({ inode }) => inode === ino)
  if (row?.state === 'LISTEN') {
    const address = { host: reachable(row.local.host), port: row.local.port }
    return { kind: 'tcp-listener', row, ...about, steps: [{ do: 'connect-tcp', ...address }] }
  }
  if (row) return { ...about, ...connection(world, pid, row, access) }
  const unix = world.unix(pid).find(({ inode }) => inode === ino)
  if (unix) return unixEnd(world, pid, object, unix, access)
  const udp = world.udp(pid).find(({ inode }) => inode === ino)
  if (!udp) return { kind: 'other-socket', target, ...about }
  return { ...about, ...udpEnd(world, pid, udp) }
}

/** A connected socket receives from its peer alone; any process may send to another one. */
function udpEnd(world: World, pid: number, row: TcpRow) {
  const isConnected = row.remote.port !== 0
  const rows = world.udp(pid)
  const found = isConnected
    ? rows.filter(({ local }) => reaches(row.remote, local))
    : rows.filter(({ remote }) => remote.port !== 0 && reaches(remote, row.local))
  const others = found.flatMap(({ inode }) =>
    world
      .census()
      .socketHolders(inode)
      .map((holder) => ({ ...holder, inode })),
  )
  const about = { kind: 'udp-socket', row, isConnected, others } as const
  if (!isConnected) {
    const steps: Step[] = [{ do: 'send-udp', host: reachable(row.local.host), port: row.local.port }]
    return { ...about, steps }
  }
  const wakers = [...new Set(others.map((holder) => holder.pid))]
  // When the peer exits, the call does not return.
  const steps: Step[] = [{ do: 'wait' }]
  return { ...about, wakers, open: wakers.length === 0, steps }
}

/** Whether what is sent to an address of this machine arrives at a socket that is bound to `local`. */
function reaches(address: Endpoint, local: Endpoint): boolean {
  const isAny = local.host === '0.0.0.0' || local.host === '::'
  return isAny ? address.port === local.port && isLoopback(address.host) : isSame(address, local)
}

function connection(world: World, pid: number, row: TcpRow, access: Access): TcpConnection & Waking {
  const wanted = row.state === 'SYN_SENT' ? 'connection' : access === 'reading' ? 'input' : 'output'
  const peer = peerOf(world.tcp(pid), row)
  // A connection that has not been accepted belongs to no process: its listener is what it waits for.
  // The same holds where a connection to this very machine gets no answer.
  const address = peer?.inode === 0 ? peer.local : peer || !isOwn(row) ? undefined : row.remote
  const listeners = address ? listenersFor(world.tcp(pid), address) : []
  const [listener] = listeners
  const isFull = wanted === 'connection' && listener && !isElsewhere(pid, 'net')
  const queue = isFull
    ? acceptQueue({ ...row.remote, host: plainHost(row.remote.host) }, listener.inode)
    : undefined
  const inodes = listener ? listeners.map(({ inode }) => inode) : peer ? [peer.inode] : []
  const holders = inodes.flatMap((inode) => world.census().socketHolders(inode))
  const wakers = [...new Set(holders.map((holder) => holder.pid))]
  return {
    kind: 'tcp-connection',
    row,
    wanted,
    ...(peer && { peer }),
    ...(listener && { listener }),
    ...(queue && queue.waiting > queue.backlog && { full: queue }),
    listeners: listeners.length,
    holders,
    wakers,
    // Without an answer, connect(2) fails after a while: tcp_syn_retries in tcp(7).
    open: wakers.length === 0 || wanted === 'connection',
    certain: listeners.length <= 1,
    steps: waitOrEnd(listeners.length > 1 ? [] : wakers.filter((other) => other !== pid)),
  }
}

/** Whether a connection is to an address of the same machine. */
function isOwn({ local, remote }: TcpRow): boolean {
  return local.host === remote.host || isLoopback(remote.host)
}

function isLoopback(host: string): boolean {
  return /^127\.|^::1$/.test(plainHost(host))
}

/**
 * The listeners that may have a connection to this address in their accept queue. One that is bound to the address itself comes
 * before those of all addresses. Several share a port with SO_REUSEPORT: then those with a connection to accept.
 */
function listenersFor(table: TcpRow[], local: Endpoint): TcpRow[] {
  const all = table.filter((row) => row.state === 'LISTEN' && row.local.port === local.port)
  for (const host of [plainHost(local.host), '0.0.0.0', '::']) {
    const bound = all.filter((row) => plainHost(row.local.host) === host)
    const busy = bound.filter(({ rxQueue }) => rxQueue > 0)
    if (bound.length > 0) return bound.length > 1 && busy.length > 0 ? busy : bound
  }
  return []
}

/** The row of the other end, where it is a socket of the same network namespace. */
export function peerOf(table: TcpRow[], { local, remote }: TcpRow): TcpRow | undefined {
  return table.find((row) => isSame(row.local, remote) && isSame(row.remote, local))
}

function isSame(one: Endpoint, other: Endpoint): boolean {
  return one.port === other.port && plainHost(one.host) === plainHost(other.host)
}

/** An IPv6 socket shows an IPv4 address as ::ffff:A.B.C.D; its IPv4 peer shows it as A.B.C.D. */
export function plainHost(host: string): string {
  return host.replace(/^::ffff:(?=[\d.]+$)/, '')
}

/** An address that a client can connect to, for one that a socket is bound to. */
function reachable(host: string): string {
  return { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
}

/**
 * A connection that no process has a descriptor of, although a call of this process still uses it: it was closed under the call,
 * or close(2) itself waits. Undefined where there is no such connection, or several.
 */
export function lostConnection(
  world: World,
  pid: number,
  isSuch: (row: TcpRow) => boolean,
): { row: TcpRow; peer?: TcpRow; holders: Holder[] } | undefined {
  if (world.census().hidden > 0) return undefined
  const isLost = (row: TcpRow, { socketHolders }: Census) =>
    row.inode !== 0 && isSuch(row) && socketHolders(row.inode).length === 0
  const seen = world.tcp(pid).filter((row) => isLost(row, world.census()))
  if (seen.length === 0) return undefined
  // A process may have opened a connection between two looks: one that is lost is so in a second census too.
  const census = takeCensus()
  const table = readTcpTable(pid)
  const lost = table.filter((row) => isLost(row, census) && seen.some(({ inode }) => inode === row.inode))
  const [row] = lost
  if (!row || lost.length > 1) return undefined
  const peer = peerOf(table, row)
  return { row, ...(peer && { peer }), holders: peer ? census.socketHolders(peer.inode) : [] }
}
