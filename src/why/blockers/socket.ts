/** Sockets: a connection that nobody makes, bytes that nobody sends, bytes that nobody reads. */
import type { Endpoint, TcpRow } from '../../proc/net-tcp.js'
import type { Access, Holder } from '../../proc/open-descriptors.js'
import type { OpenObject } from '../../proc/open-object.js'
import { type Blocker, noWaker, type Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { endOthers } from '../step.js'
import { unixEnd } from './unix-socket.js'

export type SocketBlocker = Waking & { pid: number; fd: number } & (
    | { kind: 'tcp-listener'; row: TcpRow }
    | TcpConnection
    | { kind: 'udp-socket'; row: TcpRow }
    /** Of a family of which nothing more is known. @property target as /proc/PID/fd has it */
    | { kind: 'other-socket'; target: string }
  )

export interface TcpConnection {
  kind: 'tcp-connection'
  row: TcpRow
  /** What it waits for from the other end. */
  wanted: 'connection' | 'input' | 'output'
  /** The other end, where it is a socket of this network namespace. */
  peer?: TcpRow
  /** Who should accept it, where that has not happened yet. */
  listener?: TcpRow
  /** The descriptors of the listener, or else of the other end. */
  holders: Holder[]
}

/** A thread that waits for input on a socket, or for room for what it sends, or to be connected. */
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
  // A connection that has not been accepted belongs to no process: then the listener is to blame.
  // So it is where a connection from this very machine is not taken.
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
    steps: endOthers(wakers.filter((other) => other !== pid)),
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

/** A socket of IPv6 has the addresses of IPv4 in a form of its own: its peer of IPv4 knows them without that. */
export function plainHost(host: string): string {
  return host.replace(/^::ffff:(?=[\d.]+$)/, '')
}

/** An address to connect to, for one that a socket is bound to. */
function reachable(host: string): string {
  return { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
}
