/** Which Unix sockets are connected: sock_diag(7), which ss(8) uses too, because /proc does not show it. Linux only. */
import { closeSync } from 'node:fs'
import { checked, native } from './libc.js'

// linux/netlink.h, sock_diag.h, unix_diag.h
const AF_UNIX = 1
const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const NETLINK_SOCK_DIAG = 4
const SOCK_DIAG_BY_FAMILY = 20
const NLM_F_REQUEST = 1
const SHOW_PEER = 4
const SHOW_QUEUES = 16
const PEER = 2
const QUEUES = 4
const MSG_DONTWAIT = 64

export interface UnixPeer {
  /** The inode of the peer, as in `socket:[INODE]`. Undefined for a socket that is not connected. */
  peer: number | undefined
  /** How many bytes wait to be read. For a listener, how many connections wait to be accepted. */
  unread: number
}

/**
 * What the kernel reports about a Unix socket of this network namespace.
 *
 * @param inode as in `socket:[INODE]`
 * @returns undefined where there is no such socket, or where sock_diag is not available
 */
export function unixPeer(inode: number): UnixPeer | undefined {
  try {
    const socket = native('socket', 'int socket(int family, int type, int protocol)')
    const fd = checked('socket', socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG))
    try {
      const send = native('send', 'long send(int fd, const void *data, size_t length, int flags)')
      const receive = native('recv', 'long recv(int fd, void *data, size_t length, int flags)')
      const question = request(inode)
      checked('send', send(fd, question, question.length, 0))
      const answer = Buffer.alloc(8192)
      // The kernel has queued the answer when send(2) returns, so receiving never needs to block.
      return parse(answer.subarray(0, checked('recv', receive(fd, answer, answer.length, MSG_DONTWAIT))))
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

/** struct nlmsghdr, then struct unix_diag_req with the cookie that matches any socket. */
function request(inode: number): Buffer {
  const bytes = Buffer.alloc(40)
  bytes.writeUInt32LE(bytes.length, 0)
  bytes.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4)
  bytes.writeUInt16LE(NLM_F_REQUEST, 6)
  bytes[16] = AF_UNIX
  bytes.writeUInt32LE(0xffff_ffff, 20)
  bytes.writeUInt32LE(inode, 24)
  bytes.writeUInt32LE(SHOW_PEER | SHOW_QUEUES, 28)
  bytes.fill(0xff, 32)
  return bytes
}

/** struct nlmsghdr and struct unix_diag_msg have 16 bytes each. Attributes follow: a length and a type of 16 bits, and a value. */
function parse(answer: Buffer): UnixPeer | undefined {
  if (answer.readUInt16LE(4) !== SOCK_DIAG_BY_FAMILY) return undefined
  const found: UnixPeer = { peer: undefined, unread: 0 }
  for (let at = 32; at + 4 <= answer.length; ) {
    const length = answer.readUInt16LE(at)
    if (length < 4) break
    const type = answer.readUInt16LE(at + 2)
    if (type === PEER && length >= 8) found.peer = answer.readUInt32LE(at + 4)
    if (type === QUEUES && length >= 8) found.unread = answer.readUInt32LE(at + 4)
    at += (length + 3) & ~3
  }
  return found
}
