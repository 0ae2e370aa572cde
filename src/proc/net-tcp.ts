/** TCP sockets: /proc/net/tcp and tcp6 (man 5 proc_pid_net), and the ports that the kernel hands out (man 7 ip). */
import { SocketAddress } from 'node:net'
import { readText } from './read.js'

export interface Endpoint {
  /** As Node writes it: `127.0.0.1`, `::1`, `::ffff:127.0.0.1`. */
  host: string
  port: number
}

export interface TcpRow {
  local: Endpoint
  remote: Endpoint
  /** `LISTEN`, `ESTABLISHED`, ... */
  state: string
  /** Bytes that were sent and not yet acknowledged. */
  txQueue: number
  /** Bytes that wait to be read; of a listening socket, connections that wait to be accepted. */
  rxQueue: number
  uid: number
  /** Of the socket, as in `socket:[INODE]`; 0 where no process has it any more or not yet. */
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

/** Reads the text of a tcp or tcp6 file. */
export function parseNetTcp(text: string): TcpRow[] {
  const rows = text.split('\n').slice(1)
  return rows.filter((row) => row.trim() !== '').map(parseRow)
}

/** `0: 0100007F:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000 UID TIMEOUT INODE ...` */
function parseRow(row: string): TcpRow {
  const [, local = '', remote = '', code = '', queues = '', , , uid, , inode] = row.trim().split(/\s+/)
  const [tx = '', rx = ''] = queues.split(':')
  return {
    local: parseEndpoint(local),
    remote: parseEndpoint(remote),
    state: STATES[Number.parseInt(code, 16) - 1] ?? code,
    txQueue: Number.parseInt(tx, 16),
    rxQueue: Number.parseInt(rx, 16),
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
 * The TCP sockets of our network namespace, or of that of the given process; empty where they cannot be seen.
 * A long table is read in pieces, so while sockets come and go a row may be missing or there twice.
 */
export function readTcpTable(pid?: number): TcpRow[] {
  const net = `/proc/${pid ?? 'self'}/net`
  // tcp6 is missing where IPv6 is off.
  return [`${net}/tcp`, `${net}/tcp6`].flatMap((path) => parseNetTcp(readText(path) ?? ''))
}

/** The UDP sockets of the network namespace of a process: /proc/net/udp has the same columns. */
export function readUdpTable(pid: number): TcpRow[] {
  return [`/proc/${pid}/net/udp`, `/proc/${pid}/net/udp6`].flatMap((path) =>
    parseNetTcp(readText(path) ?? ''),
  )
}

/** The ports, both ends included, that the kernel picks from when asked for port 0; undefined where it does not tell. */
export function ephemeralRange(): { first: number; last: number } | undefined {
  const text = readText('/proc/sys/net/ipv4/ip_local_port_range')
  if (text === undefined) return undefined
  const [first = Number.NaN, last = Number.NaN] = text.trim().split(/\s+/).map(Number)
  return { first, last }
}

/** The lowest port that needs no CAP_NET_BIND_SERVICE; undefined where the kernel does not tell. */
export function unprivilegedPortStart(): number | undefined {
  const text = readText('/proc/sys/net/ipv4/ip_unprivileged_port_start')
  return text === undefined ? undefined : Number(text)
}
