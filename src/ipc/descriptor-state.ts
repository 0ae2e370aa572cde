/** What the kernel knows of an open descriptor of another process: bytes to read, and the time limits of a socket. Linux only. */
import { borrow } from './borrow.js'
import { checked, native } from './libc.js'
import { bytesInPipe } from './pipe-room.js'

/** asm-generic/socket.h, which x86-64 and arm64 use. */
const SOL_SOCKET = 1
const SO_RCVTIMEO = 20
const SO_SNDTIMEO = 21

/** How many bytes can be read at once: ioctl(2), FIONREAD. Undefined where osdemo may not look. */
export function unreadBytes(pid: number, fd: number): number | undefined {
  return borrow(pid, fd, bytesInPipe)
}

/**
 * The time limit of receiving from a socket, or of sending, in seconds: man 7 socket, SO_RCVTIMEO. Undefined without one, or where
 * osdemo may not look.
 */
export function socketTimeLimit(pid: number, fd: number, access: 'reading' | 'writing'): number | undefined {
  const option = access === 'reading' ? SO_RCVTIMEO : SO_SNDTIMEO
  const limit = borrow(pid, fd, (socket) => {
    // struct timeval: two 64-bit numbers.
    const time = new BigInt64Array(2)
    const length = Uint32Array.of(time.byteLength)
    const prototype = 'int getsockopt(int fd, int level, int option, void *value, void *length)'
    const get = native('getsockopt', prototype)
    const value = new Uint8Array(time.buffer)
    checked('getsockopt', get(socket, SOL_SOCKET, option, value, new Uint8Array(length.buffer)))
    const [seconds = 0n, microseconds = 0n] = time
    return Number(seconds) + Number(microseconds) / 1e6
  })
  return limit || undefined
}
