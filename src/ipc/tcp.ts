/** What the TCP actors share: addresses as people write them, and why the kernel refuses one. */
import { type AddressInfo, createServer } from 'node:net'
import { errnoOf, systemCallError } from '../errors.js'

/** `127.0.0.1:7007`, `[::1]:7007`. */
export function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The address that a socket or a server is bound to, once it is. */
export function boundAddress(bound: AddressInfo | string | null): { host: string; port: number } {
  const { address: host, port } = bound as AddressInfo
  return { host, port }
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
