/** Asks the kernel about a socket: sock_diag(7), which ss(8) uses too, because /proc does not show everything. Linux only. */
import { closeSync } from 'node:fs'
import { checked, native } from './libc.js'

// linux/netlink.h, sock_diag.h
const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const NETLINK_SOCK_DIAG = 4
const SOCK_DIAG_BY_FAMILY = 20
const NLM_F_REQUEST = 1
const MSG_DONTWAIT = 64

/** The length of struct nlmsghdr. */
const header = 16

export interface SockDiagAnswer {
  /** The struct of the answer, such as struct unix_diag_msg. */
  body: Buffer
  /** The attributes behind that struct, by type. */
  attributes: Map<number, Buffer>
}

/**
 * @param question what follows struct nlmsghdr, such as struct unix_diag_req
 * @param size of the answer's struct, in bytes
 * @returns undefined where there is no such socket, or no sock_diag
 */
export function askSockDiag(question: Buffer, size: number): SockDiagAnswer | undefined {
  try {
    const socket = native('socket', 'int socket(int family, int type, int protocol)')
    const fd = checked('socket', socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG))
    try {
      const send = native('send', 'long send(int fd, const void *data, size_t length, int flags)')
      const receive = native('recv', 'long recv(int fd, void *data, size_t length, int flags)')
      const message = Buffer.concat([Buffer.alloc(header), question])
      message.writeUInt32LE(message.length, 0)
      message.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4)
      message.writeUInt16LE(NLM_F_REQUEST, 6)
      checked('send', send(fd, message, message.length, 0))
      const answer = Buffer.alloc(8192)
      // The kernel has queued the answer when send(2) returns, so receiving never needs to block.
      const length = checked('recv', receive(fd, answer, answer.length, MSG_DONTWAIT))
      if (answer.readUInt16LE(4) !== SOCK_DIAG_BY_FAMILY) return undefined
      const body = answer.subarray(header, header + size)
      return { body, attributes: attributes(answer.subarray(header + size, length)) }
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

/** Each attribute is a length and a type of 16 bits, and a value. */
function attributes(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at)
    if (length < 4) break
    found.set(bytes.readUInt16LE(at + 2), bytes.subarray(at + 4, at + length))
    at += (length + 3) & ~3
  }
  return found
}
