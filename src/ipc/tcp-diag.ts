/** What the kernel reports about a TCP socket by sock_diag(7), and not in /proc: struct tcp_info, and the backlog. Linux only. */
import { askSockDiag } from './sock-diag.js'

// linux/in.h, inet_diag.h
const AF_INET = 2
const IPPROTO_TCP = 6
const INET_DIAG_INFO = 2

/** struct inet_diag_msg: its size, and offsets in it. */
const messageSize = 72
const [queueAt, backlogAt, inodeAt] = [56, 60, 68]

/** Offsets in struct tcp_info. Kernels before 4.6 end it earlier. */
const notSent = 144
const dataSegmentsOut = 156

export interface TcpCounts {
  /** Packets with data that were sent, repeated ones too: tcpi_data_segs_out. */
  packets: number
  /** Bytes that were written and not sent yet: tcpi_notsent_bytes. */
  unsent: number
}

interface Ipv4Endpoint {
  /** As in `127.0.0.1`. */
  host: string
  port: number
}

/**
 * The counts of a connected socket of this network namespace.
 *
 * @param local the socket's own address
 * @returns undefined where there is no such socket, or where sock_diag is not available
 */
export function tcpCounts(local: Ipv4Endpoint, remote: Ipv4Endpoint): TcpCounts | undefined {
  const info = askSockDiag(request(local, remote), messageSize)?.attributes.get(INET_DIAG_INFO)
  if (!info || info.length < dataSegmentsOut + 4) return undefined
  return { packets: info.readUInt32LE(dataSegmentsOut), unsent: info.readUInt32LE(notSent) }
}

/** How many connections wait for accept(2), and the backlog that listen(2) has set. */
export interface AcceptQueue {
  waiting: number
  backlog: number
}

/**
 * The accept queue of a listener of this network namespace.
 *
 * @param address to which clients connect
 * @param inode of the listener, as in `socket:[INODE]`: several may share a port
 * @returns undefined where there is no such listener, or where sock_diag is not available
 */
export function acceptQueue(address: Ipv4Endpoint, inode: number): AcceptQueue | undefined {
  const body = askSockDiag(request(address, { host: '0.0.0.0', port: 0 }), messageSize)?.body
  if (body?.readUInt32LE(inodeAt) !== inode) return undefined
  return { waiting: body.readUInt32LE(queueAt), backlog: body.readUInt32LE(backlogAt) }
}

/** struct inet_diag_req_v2, with the cookie that matches any socket. */
function request(local: Ipv4Endpoint, remote: Ipv4Endpoint): Buffer {
  const bytes = Buffer.alloc(56)
  bytes[0] = AF_INET
  bytes[1] = IPPROTO_TCP
  bytes[2] = 1 << (INET_DIAG_INFO - 1)
  bytes.writeUInt32LE(0xffff_ffff, 4)
  // struct inet_diag_sockid: ports and addresses in network order.
  bytes.writeUInt16BE(local.port, 8)
  bytes.writeUInt16BE(remote.port, 10)
  for (const [at, { host }] of [[12, local] as const, [28, remote] as const]) {
    for (const [index, byte] of host.split('.').entries()) bytes[at + index] = Number(byte)
  }
  bytes.fill(0xff, 48)
  return bytes
}
