/** Which Unix sockets are connected: sock_diag(7), because /proc does not show it. Linux only. */
import { askSockDiag } from './sock-diag.js'

// linux/unix_diag.h
const AF_UNIX = 1
const SHOW_PEER = 4
const SHOW_PENDING = 8
const SHOW_QUEUES = 16
const PEER = 2
const PENDING = 3
const QUEUES = 4

export interface UnixPeer {
  /** The inode of the peer, as in `socket:[INODE]`. Undefined for a socket that is not connected. */
  peer: number | undefined
  /** How many bytes wait to be read. For a listener, how many connections wait to be accepted. */
  unread: number
  /** For a listener, the inodes of the clients whose connections wait to be accepted. */
  pending: number[]
}

/**
 * What the kernel reports about a Unix socket of this network namespace.
 *
 * @param inode as in `socket:[INODE]`
 * @returns undefined where there is no such socket, or where sock_diag is not available
 */
export function unixPeer(inode: number): UnixPeer | undefined {
  // struct unix_diag_msg has 16 bytes.
  const found = askSockDiag(request(inode), 16)
  if (!found) return undefined
  const { attributes } = found
  const [peer, queues, pending] = [attributes.get(PEER), attributes.get(QUEUES), attributes.get(PENDING)]
  return {
    peer: peer && peer.length >= 4 ? peer.readUInt32LE(0) : undefined,
    unread: queues && queues.length >= 4 ? queues.readUInt32LE(0) : 0,
    pending: pending ? inodesIn(pending) : [],
  }
}

function inodesIn(bytes: Buffer): number[] {
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => bytes.readUInt32LE(4 * at))
}

/** struct unix_diag_req, with the cookie that matches any socket. */
function request(inode: number): Buffer {
  const bytes = Buffer.alloc(24)
  bytes[0] = AF_UNIX
  bytes.writeUInt32LE(0xffff_ffff, 4)
  bytes.writeUInt32LE(inode, 8)
  bytes.writeUInt32LE(SHOW_PEER | SHOW_PENDING | SHOW_QUEUES, 12)
  bytes.fill(0xff, 16)
  return bytes
}
