/** Sockets: no client connects, the peer sends nothing, or the peer does not read. */
import type { Endpoint, TcpRow } from '../../proc/net-tcp.js'
import type { Access, Holder } from '../../proc/open-descriptors.js'
import type { OpenObject } from '../../proc/open-object.js'
import { type Blocker, noWaker, type Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { waitOrEnd } from '../step.js'
import { unixEnd } from './unix-socket.js'

export type SocketBlocker = Waking & { pid: number; fd: number } & (
    | { kind: 'tcp-listener'; row: TcpRow }
    | TcpConnection
    | { kind: 'udp-socket'; row: TcpRow }
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
  const address = { host: reachable(udp.local.host), port: udp.local.port }
  return { kind: 'udp-socket', row: udp, ...about, steps: [{ do: 'send-udp', ...address }] }
}

function connection(world: World, pid: number, row: TcpRow, access: Access): TcpConnection & Waking {
  const wanted = row.state === 'SYN_SENT' ? 'connection' : access === 'reading' ? 'input' : 'output'
  const peer = peerOf(world.tcp(pid), row)
  // A connection that has not been accepted belongs to no process: its listener is what it waits for.
  // The same holds where a connection to this very machine gets no answer.
  const address = peer?.inode === 0 ? peer.local : peer || !isOwn(row) ? undefined : row.remote
  const listener = address && listenerFor(world.tcp(pid), address)
  const inode = listener?.inode ?? peer?.inode
  const holders = inode === undefined ? [] : world.census().socketHolders(inode)
  const wakers = [...new Set(holders.map((holder) => holder.pid))]
  return {
    kind: 'tcp-connection',
    row,
    wanted,
    ...(peer && { peer }),
    ...(listener && { listener }),
    holders,
    wakers,
    open: wakers.length === 0,
    certain: true,
    steps: waitOrEnd(wakers.filter((other) => other !== pid)),
  }
}

/** Whether a connection is to an address of the same machine. */
function isOwn({ local, remote }: TcpRow): boolean {
  return local.host === remote.host || /^127\.|^::1$/.test(remote.host)
}

function listenerFor(table: TcpRow[], local: Endpoint): TcpRow | undefined {
  const hosts = [local.host, '0.0.0.0', '::']
  return table.find(
    (row) => row.state === 'LISTEN' && row.local.port === local.port && hosts.includes(row.local.host),
  )
}

function peerOf(table: TcpRow[], { local, remote }: TcpRow): TcpRow | undefined {
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
