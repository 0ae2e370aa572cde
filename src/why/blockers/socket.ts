/** Sockets: a connection that nobody makes, bytes that nobody sends, bytes that nobody takes. */

import type { TcpRow } from '../../proc/net-tcp.js'
import type { Access } from '../../proc/open-descriptors.js'
import type { OpenObject } from '../../proc/open-object.js'
import { quoted } from '../../shell-quote.js'
import { endCommand, listed, named, type Other, type Proof, type World } from '../snapshot.js'
import { unixEnd } from './unix-socket.js'

/** A thread that waits for something to come in on a socket, or for room for what it sends, or to be connected. */
export function socketEnd(world: World, pid: number, object: OpenObject, access: Access): Other {
  const { ino } = object
  const row = world.tcp(pid).find(({ inode }) => inode === ino)
  if (row?.state === 'LISTEN') return listening(pid, row)
  if (row) {
    const wanted = row.state === 'SYN_SENT' ? 'connection' : access === 'reading' ? 'input' : 'output'
    return connected(world, pid, row, wanted)
  }
  const unix = world.unix(pid).find(({ inode }) => inode === ino)
  if (unix) return unixEnd(world, pid, object, unix, access)
  const udp = world.udp(pid).find(({ inode }) => inode === ino)
  return udp ? datagrams(pid, object, udp) : otherSocket(object)
}

function listening(pid: number, row: TcpRow): Other {
  const address = text(row.local)
  return {
    object: `the TCP socket that listens on ${address}`,
    event: 'somebody to connect to it',
    who: `${row.rxQueue === 0 ? 'Nobody is about to: ' : ''}${row.rxQueue} connections wait to be accepted.`,
    proofs: [
      {
        source: tableOf(pid, row),
        value: `${row.state} ${address}, inode ${row.inode}, ${row.rxQueue} waiting`,
        about: 'the socket',
      },
    ],
    wakers: [],
    open: true,
    step: {
      command: `node -e ${quoted(`net.connect(${row.local.port}, "${reachable(row.local.host)}").end()`)}`,
      effect: 'connects, and closes the connection at once',
    },
  }
}

function connected(world: World, pid: number, row: TcpRow, wanted: 'input' | 'output' | 'connection'): Other {
  const peer = peerOf(world.tcp(pid), row)
  // One that nobody has accepted yet belongs to nobody: then whoever listens there is to blame.
  // So is one that does not take a connection from this very machine.
  const address = peer?.inode === 0 ? peer.local : peer || !isOwn(row) ? undefined : row.remote
  const listener = address && listenerFor(world.tcp(pid), address)
  const inode = listener?.inode ?? peer?.inode
  const holders = inode === undefined ? [] : world.census().socketHolders(inode)
  const pids = [...new Set(holders.map((holder) => holder.pid))]
  const names = listed(holders.map((holder) => `${named(holder.pid)}, fd ${holder.fd}`))
  const proofs: Proof[] = [
    { source: tableOf(pid, row), value: describe(row), about: 'its socket' },
    ...(peer ? [{ source: tableOf(pid, peer), value: describe(peer), about: 'the other end' }] : []),
    ...holders.slice(0, 4).map((holder) => ({
      source: `/proc/${holder.pid}/fd/${holder.fd}`,
      value: `socket:[${inode}]`,
      about: `${named(holder.pid)} ${listener ? 'listens there' : 'has the other end'}`,
    })),
  ]
  const others = pids.filter((other) => other !== pid)
  const doing = {
    input: 'the other end to send',
    output: 'the other end to read',
    connection: 'the other end to answer',
  }[wanted]
  return {
    object: `the TCP connection from ${text(row.local)} to ${text(row.remote)} (${row.state})`,
    event: doing,
    who: whoIsThere(row, peer, names, wanted, listener),
    proofs,
    wakers: pids,
    open: pids.length === 0,
    step:
      others.length === 0 ? undefined : { command: endCommand(others), effect: `ends ${endings[wanted]}` },
  }
}

const endings = {
  input: 'who should send, and the connection with it: the call then returns',
  output: 'who should read: the call then fails',
  connection: 'who listens there: the call then fails when it tries again',
}

/** Whether a connection is to an address of the same machine. */
function isOwn({ local, remote }: TcpRow): boolean {
  return local.host === remote.host || /^127\.|^::1$/.test(remote.host)
}

function whoIsThere(
  row: TcpRow,
  peer: TcpRow | undefined,
  names: string,
  wanted: string,
  listener: TcpRow | undefined,
): string {
  if (!peer && listener) {
    return `${names} listens there, and has not accepted ${listener.rxQueue} other connections.`
  }
  if (!peer) {
    return wanted === 'connection'
      ? `${text(row.remote)} has not answered yet.`
      : `${text(row.remote)} is no socket of this network namespace: it is on another machine, or closed.`
  }
  if (listener) return `Nobody has accepted the connection yet: ${names} listens there.`
  const held = names === '' ? 'cannot be seen who has it' : names
  const queued =
    wanted === 'output'
      ? `${peer.rxQueue} bytes wait there to be read, and ${row.txQueue} here to be sent`
      : 'nothing that it sent is under way'
  return `The other end: ${held}; ${queued}.`
}

function listenerFor(table: TcpRow[], local: TcpRow['local']): TcpRow | undefined {
  const hosts = [local.host, '0.0.0.0', '::']
  return table.find(
    (row) => row.state === 'LISTEN' && row.local.port === local.port && hosts.includes(row.local.host),
  )
}

function tableOf(pid: number, row: TcpRow): string {
  return `/proc/${pid}/net/tcp${row.local.host.includes(':') ? '6' : ''}`
}

function peerOf(table: TcpRow[], { local, remote }: TcpRow): TcpRow | undefined {
  return table.find((row) => text(row.local) === text(remote) && text(row.remote) === text(local))
}

/** A socket of IPv6 has the addresses of IPv4 in a form of its own: its peer of IPv4 knows them without that. */
function text({ host: own, port }: TcpRow['local']): string {
  const host = own.replace(/^::ffff:(?=[\d.]+$)/, '')
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function describe(row: TcpRow): string {
  return `${row.state} ${text(row.local)} to ${text(row.remote)}, inode ${row.inode}, to send ${row.txQueue}, to read ${row.rxQueue}`
}

/** A UDP socket: everybody may send to it, and nobody is connected with it. */
function datagrams(pid: number, object: OpenObject, row: TcpRow): Other {
  const { host, port } = row.local
  const target = reachable(host)
  const family = target.includes(':') ? 'udp6' : 'udp4'
  const code = `const s = dgram.createSocket("${family}"); s.send("hello", ${port}, "${target}", () => s.close())`
  return {
    object: `the UDP socket of ${text(row.local)}`,
    event: 'a message to come',
    who: 'Anybody may send one.',
    proofs: [
      {
        source: `/proc/${pid}/net/udp`,
        value: `${text(row.local)}, inode ${object.ino}`,
        about: 'its socket',
      },
    ],
    wakers: [],
    open: true,
    step: { command: `node -e ${quoted(code)}`, effect: 'sends it a message' },
  }
}

/** An address to connect to, for one that a socket is bound to. */
function reachable(host: string): string {
  return { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
}

function otherSocket(object: OpenObject): Other {
  return {
    object: `a socket (${object.target})`,
    event: 'a message on it',
    who: 'Who could send one, /proc does not say.',
    proofs: [],
    wakers: [],
    open: true,
  }
}
