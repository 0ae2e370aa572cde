/** What the TCP actors share: addresses as text, reading into a given buffer, resets, and errors of an address. */
import { type AddressInfo, createServer, Socket } from 'node:net'
import { errnoOf, isSystemError, systemCallError } from '../errors.js'

/** `127.0.0.1:7007`, `[::1]:7007`. */
export function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The address that a socket or a server is bound to, once it is. */
export function boundAddress(bound: AddressInfo | string | null): { host: string; port: number } {
  // A bound TCP socket has an AddressInfo; a string would be the path of a Unix socket.
  const { address: host, port } = bound as AddressInfo
  return { host, port }
}

/** Buffers for the bytes of a connection. */
export interface Inbox {
  /** The buffer for the next read, never empty. It is asked for again after each `took`. */
  room(): Buffer
  /** The read has put this many bytes into the room. Returns false to pause until the socket is resumed. */
  took(bytes: number): boolean
}

/**
 * Has read(2) write what an accepted connection receives into the inbox's room, without a new Buffer for each read and without a
 * stream in between. For a socket that connects, `onread` of net.connect does that. For an accepted one it needs Node's
 * undocumented `handle`. Where Node has no such handle, the bytes arrive as 'data' events and are copied.
 *
 * @param accepted a connection of a server with `pauseOnConnect` and `allowHalfOpen`; the server counts it as open
 *   until the socket has closed
 * @returns the socket to use from now on
 */
export function readInto(accepted: Socket, inbox: Inbox): Socket {
  // The cast is to an undocumented field, so the next line checks it.
  const shell = accepted as unknown as { _handle: { useUserBuffer?: unknown } | null }
  if (typeof shell._handle?.useUserBuffer !== 'function') return readChunks(accepted, inbox)
  const options = {
    handle: shell._handle,
    allowHalfOpen: true,
    onread: { buffer: () => inbox.room(), callback: (bytes: number) => inbox.took(bytes) },
  }
  shell._handle = null
  // The cast is needed because Node's types do not have `handle`.
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0])
  socket.on('close', () => accepted.destroy())
  return socket
}

function readChunks(socket: Socket, inbox: Inbox): Socket {
  socket.on('data', (chunk) => {
    let wantsMore = true
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(inbox.room(), 0, at)
      at += copied
      wantsMore = inbox.took(copied)
    }
    if (!wantsMore) socket.pause()
  })
  return socket.resume()
}

const nothing = Buffer.alloc(0)

/**
 * The reset of a connection of which Node has reported end of file. When a reset arrives together with bytes, libuv returns the
 * bytes and then end of file, and hides the reset. A write of no bytes sends nothing, but returns it. The socket, which needs
 * `allowHalfOpen`, then emits 'error' too. After `end`, a write would destroy the socket, so there is no answer.
 */
export function hiddenReset(socket: Socket): Promise<NodeJS.ErrnoException | undefined> {
  if (socket.writableEnded) return Promise.resolve(undefined)
  return new Promise((resolve) =>
    socket.write(nothing, (error) => resolve(isSystemError(error) ? error : undefined)),
  )
}

/** The error of listen(2), bind(2) or connect(2) on an address, with a hint. @param hints by errno */
export function addressError(
  error: unknown,
  attempt: string,
  hints: Record<string, string | undefined>,
): unknown {
  return systemCallError(
    error,
    attempt,
    (errno) =>
      ({
        ENOTFOUND: 'That name does not resolve. The address of this machine is 127.0.0.1.',
        EAI_AGAIN: 'That name does not resolve now. The address of this machine is 127.0.0.1.',
        EADDRNOTAVAIL: 'This machine does not have that address. It always has 127.0.0.1.',
        EACCES: 'A port below 1024 needs CAP_NET_BIND_SERVICE. Use a higher one: --port 7007',
        ...hints,
      })[errno],
  )
}

/**
 * Binds a TCP socket to a port of 127.0.0.1 and closes it again, to see whether the kernel allows it. A port that is in use shows
 * nothing about permission, so the next lower one is tried then.
 *
 * @returns the port that was tried last, and the errno, undefined on success
 */
export async function probePort(port: number): Promise<{ port: number; errno: string | undefined }> {
  const errno = await new Promise<string | undefined>((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(errnoOf(error)))
    server.listen({ host: '127.0.0.1', port, backlog: 1 }, () => server.close(() => resolve(undefined)))
  })
  return errno === 'EADDRINUSE' && port > 1 ? probePort(port - 1) : { port, errno }
}
