/** What the TCP actors share: addresses as people write them, and why the kernel refuses one. */
import { type AddressInfo, createServer, Socket } from 'node:net'
import { errnoOf, systemCallError } from '../errors.js'

/** `127.0.0.1:7007`, `[::1]:7007`. */
export function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The address that a socket or a server is bound to, once it is. */
export function boundAddress(bound: AddressInfo | string | null): { host: string; port: number } {
  // A TCP socket that is bound has such an address; a string would be the path of a Unix socket.
  const { address: host, port } = bound as AddressInfo
  return { host, port }
}

/** Where the bytes of a connection go. */
export interface Inbox {
  /** Where the next bytes are to be put, never empty; asked for after each `took`. */
  room(): Buffer
  /** So many bytes lie in the room now. Returns false to be given no more until the socket is resumed. */
  took(bytes: number): boolean
}

/**
 * Has the kernel put what an accepted connection receives where we want it: read(2) writes into the inbox's room, with
 * no Buffer made for each read and no stream in between. For a socket of our own, `onread` of net.connect does that;
 * for an accepted one it takes Node's undocumented `handle`. Where Node has none like that (any more), the same bytes
 * come by 'data' events and are copied.
 *
 * @param accepted a connection of a server with `pauseOnConnect` and `allowHalfOpen`; the server counts it as open
 *   until the socket has closed
 * @returns the socket to use from now on
 */
export function readInto(accepted: Socket, inbox: Inbox): Socket {
  // Undocumented, so it is checked in the next line.
  const shell = accepted as unknown as { _handle: { useUserBuffer?: unknown } | null }
  if (typeof shell._handle?.useUserBuffer !== 'function') return readChunks(accepted, inbox)
  const options = {
    handle: shell._handle,
    allowHalfOpen: true,
    onread: { buffer: () => inbox.room(), callback: (bytes: number) => inbox.took(bytes) },
  }
  shell._handle = null
  // Its types do not know `handle`.
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

/** The error of listen(2), bind(2) or connect(2) on an address, with what to do about it. */
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
        ENOTFOUND: 'that name does not resolve; 127.0.0.1 is this machine',
        EAI_AGAIN: 'that name does not resolve now; 127.0.0.1 is this machine',
        EADDRNOTAVAIL: 'this machine does not have that address; 127.0.0.1 it always has',
        EACCES: 'ports below 1024 take a right that this user has not; try --port 7007',
        ...hints,
      })[errno],
  )
}

/**
 * Binds a TCP socket to a port of 127.0.0.1 and closes it again, to see what the kernel answers. A port in use says
 * nothing about rights, so the next lower one is tried then.
 *
 * @returns the port that was answered for, and the errno of the refusal
 */
export async function probePort(port: number): Promise<{ port: number; errno: string | undefined }> {
  const errno = await new Promise<string | undefined>((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(errnoOf(error)))
    server.listen({ host: '127.0.0.1', port, backlog: 1 }, () => server.close(() => resolve(undefined)))
  })
  return errno === 'EADDRINUSE' && port > 1 ? probePort(port - 1) : { port, errno }
}
