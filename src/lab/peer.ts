/** The other end of a TCP connection: a client that behaves well, or badly. */
import { Socket } from 'node:net'
import { errnoOf } from '../errors.js'
import { lengthAt } from '../framing/header.js'
import { readTcpTable, type TcpRow } from '../proc/net-tcp.js'

export interface Peer {
  /** Its own port. */
  port: number
  send(bytes: Uint8Array): void
  /** Whether the kernel has taken everything that was to be sent. */
  isSent(): boolean
  /** Sends byte by byte. The next one follows when the program has read the one before, or after 50 ms. */
  dribble(bytes: Uint8Array): Promise<void>
  /** Reads so many bytes: fewer when the connection ends, or when so many seconds pass without a byte; 5 when left out. */
  receive(count: number, seconds?: number): Promise<Buffer>
  /** Reads a frame: a length of 4 bytes, big-endian, and so many bytes. What came, where it is no whole frame. */
  frame(seconds?: number): Promise<{ payload: Buffer } | { partial: Buffer }>
  /** Whether the program ends the connection within so many seconds; 5 when left out. Drops what arrives before. */
  closed(seconds?: number): Promise<'end' | 'reset' | undefined>
  /** Sends end of file, and can still receive. */
  end(): void
  /** Ends the connection in both directions. */
  close(): void
  /** Ends it with a reset, which follows end of file. What is not sent yet delays it. */
  reset(): void
  /** The socket at the other end, as the kernel lists it. */
  theirs(): TcpRow | undefined
}

export interface DroppablePeer extends Peer {
  /** Closes it at the end of a check. */
  drop(): void
}

/** @throws NodeJS.ErrnoException of connect(2) */
export async function connectPeer(port: number, wait: (seconds: number) => number): Promise<DroppablePeer> {
  const socket = new Socket({ allowHalfOpen: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
  let isResetting = false
  let over: 'end' | 'reset' | undefined
  let wake = () => {}
  socket.on('readable', () => wake())
  socket.on('end', () => {
    over ??= 'end'
    wake()
  })
  socket.on('error', (error) => {
    over = errnoOf(error) === 'EPIPE' ? (over ?? 'reset') : 'reset'
    wake()
  })
  socket.on('close', () => {
    over ??= 'reset'
    wake()
  })
  const own = socket.localPort ?? 0
  let rest: Buffer = Buffer.alloc(0)

  /** Waits for more bytes or the end. @returns false when the time has passed */
  const more = (milliseconds: number) =>
    new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), milliseconds)
      wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  const receive = async (count: number, seconds = 5): Promise<Buffer> => {
    const parts = [rest]
    let length = rest.length
    while (length < count) {
      const chunk: Buffer | null = socket.read()
      if (chunk) {
        parts.push(chunk)
        length += chunk.length
      } else if (over !== undefined || !(await more(wait(seconds)))) break
    }
    const all = Buffer.concat(parts)
    rest = all.subarray(count)
    return all.subarray(0, count)
  }
  const theirs = () => readTcpTable().find(({ local, remote }) => local.port === port && remote.port === own)
  return {
    port: own,
    send: (bytes) => void socket.write(bytes),
    isSent: () => socket.writableLength === 0,
    async dribble(bytes) {
      for (const byte of bytes) {
        socket.write(Uint8Array.of(byte))
        for (let round = 0; round < 25; round++) {
          await new Promise((resolve) => setTimeout(resolve, 2))
          if (!theirs()?.rxQueue) break
        }
      }
    },
    receive,
    async frame(seconds) {
      const header = await receive(4, seconds)
      if (header.length < 4) return { partial: header }
      const length = lengthAt(header, 0)
      const payload = await receive(Math.min(length, 1 << 26), seconds)
      return payload.length === length ? { payload } : { partial: Buffer.concat([header, payload]) }
    },
    async closed(seconds = 5) {
      for (const end = performance.now() + wait(seconds); over === undefined; ) {
        rest = Buffer.alloc(0)
        if (socket.read() === null && !(await more(end - performance.now()))) break
      }
      return over
    },
    end: () => void socket.end(),
    close: () => void socket.end(() => socket.destroy()),
    reset() {
      isResetting = true
      socket.resetAndDestroy()
    },
    drop() {
      // Node 20 loses the descriptor of a socket that is destroyed before its reset is complete.
      if (!isResetting) socket.destroy()
    },
    theirs,
  }
}
