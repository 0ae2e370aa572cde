/** TCP and UDP sockets: /proc/net/tcp, tcp6, udp and udp6 (man 5 proc_pid_net), and the ranges of ports (man 7 ip). */
import { SocketAddress } from 'node:net'
import { readText } from './read.js'

export interface Endpoint {
  /** In the form that Node uses: `127.0.0.1`, `::1`, `::ffff:127.0.0.1`. */
  host: string
  port: number
}

export interface TcpRow {
  local: Endpoint
  remote: Endpoint
  /** `LISTEN`, `ESTABLISHED`, ... */
  state: string
  /** Bytes that were sent and not yet acknowledged by the peer. */
  txQueue: number
  /** Bytes that were not read yet; for a listener, connections that were not accepted yet. */
  rxQueue: number
  /** Seconds until its timer expires: for TIME_WAIT, until the kernel removes the row. 0 where no timer runs. */
  timer: number
  uid: number
  /** The inode of the socket, as in `socket:[INODE]`; 0 when no process has it open. */
  inode: number
}

/** The kernel's numbers 1 to 12: include/net/tcp_states.h. */
const STATES = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
]

/** Parses a tcp or tcp6 file. */
export function parseNetTcp(text: string): TcpRow[] {
  const rows = text.split('\n').slice(1)
  return rows.filter((row) => row.trim() !== '').map(parseRow)
}

/** Parses `0: 0100007F:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000 UID TIMEOUT INODE ...` */
function parseRow(row: string): TcpRow {
  const [, local = '', remote = '', code = '', queues = '', timer = '', , uid, , inode] = row
    .trim()
    .split(/\s+/)
  const [tx = '', rx = ''] = queues.split(':')
  return {
    local: parseEndpoint(local),
    remote: parseEndpoint(remote),
    state: STATES[Number.parseInt(code, 16) - 1] ?? code,
    txQueue: Number.parseInt(tx, 16),
    rxQueue: Number.parseInt(rx, 16),
    // In clock ticks (1/100 s), behind the kind of the timer.
    timer: Number.parseInt(timer.slice(3), 16) / 100,
    uid: Number(uid),
    inode: Number(inode),
  }
}

function parseEndpoint(text: string): Endpoint {
  const [address = '', port = ''] = text.split(':')
  // The address has 8 or 32 digits: one or four integers in the machine's byte order, which typed arrays use too.
  const integers = address.match(/.{8}/g)!.map((digits) => Number.parseInt(digits, 16))
  const bytes = new Uint8Array(Uint32Array.from(integers).buffer)
  return { host: hostText(bytes), port: Number.parseInt(port, 16) }
}

/** The text of an address of four or sixteen bytes in network order. */
function hostText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const hex = Buffer.from(bytes).toString('hex')
  // The 32 digits make eight groups.
  const groups = hex.match(/.{4}/g)!
  // SocketAddress shortens the text (RFC 5952) as socket.remoteAddress does, so the two can be compared.
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address
}

/**
 * The TCP sockets of the network namespace of osdemo, or of the given process; empty where they cannot be read.
 * The kernel reports a long table in parts. When sockets are opened or closed meanwhile, a row may be missing or doubled.
 */
export function readTcpTable(pid?: number): TcpRow[] {
  const net = `/proc/${pid ?? 'self'}/net`
  // tcp6 is missing where IPv6 is off.
  return [`${net}/tcp`, `${net}/tcp6`].flatMap((path) => parseNetTcp(readText(path) ?? ''))
}

/** A UDP socket. Its rxQueue counts the memory of the datagrams, which is more than their bytes. */
export interface UdpRow extends TcpRow {
  /** Datagrams that the kernel dropped in place of putting them into the receive buffer. */
  drops: number
}

/** Parses a udp or udp6 file. It has the columns of a tcp file up to the inode; the last one is `drops`. */
export function parseNetUdp(text: string): UdpRow[] {
  const rows = text.split('\n').slice(1)
  return rows
    .filter((row) => row.trim() !== '')
    .map((row) => ({ ...parseRow(row), drops: Number(row.trim().split(/\s+/).at(-1)) }))
}

/** The UDP sockets of the network namespace of osdemo, or of the given process; empty where they cannot be read. */
export function readUdpTable(pid?: number): UdpRow[] {
  const net = `/proc/${pid ?? 'self'}/net`
  return [`${net}/udp`, `${net}/udp6`].flatMap((path) => parseNetUdp(readText(path) ?? ''))
}

/** The first and the last ephemeral port, from which the kernel picks for port 0; undefined where it cannot be read. */
export function ephemeralRange(): { first: number; last: number } | undefined {
  const text = readText('/proc/sys/net/ipv4/ip_local_port_range')
  if (text === undefined) return undefined
  const [first = Number.NaN, last = Number.NaN] = text.trim().split(/\s+/).map(Number)
  return { first, last }
}

/** The limit of the backlog of every listener, listen(2); undefined where it cannot be read. */
export function longestBacklog(): number | undefined {
  const text = readText('/proc/sys/net/core/somaxconn')
  return text === undefined ? undefined : Number(text)
}

/** The lowest port that needs no CAP_NET_BIND_SERVICE; undefined where it cannot be read. */
export function unprivilegedPortStart(): number | undefined {
  const text = readText('/proc/sys/net/ipv4/ip_unprivileged_port_start')
  return text === undefined ? undefined : Number(text)
}
