/** The lines of /proc/net/tcp that the demos of sockets show. */
import { readTcpTable, type TcpRow } from '../../proc/net-tcp.js'
import type { Stage } from '../../run/stage.js'

/** The address of the demos' servers. */
export const host = '127.0.0.1'

/**
 * Shows a line of /proc/net/tcp as evidence, or that there is none.
 *
 * @param more data beside that of the line
 */
export function sayRow(
  stage: Stage,
  row: TcpRow | undefined,
  about: string,
  more: Record<string, string> = {},
): void {
  if (!row) {
    stage.evidence('/proc/net/tcp', 'no such line', about)
    return
  }
  const { state, inode, rxQueue } = row
  const [local, remote] = [row.local, row.remote].map(({ host, port }) => `${host}:${port}`)
  const queue = rxQueue > 0 ? `, rx_queue ${rxQueue}` : ''
  stage.evidence(
    '/proc/net/tcp',
    `local ${local}, remote ${remote}, ${state}, inode ${inode}${queue}`,
    about,
    {
      data: { localPort: row.local.port, remotePort: row.remote.port, state, inode, rxQueue, ...more },
    },
  )
}

/** Whether this is the address of the port on the demo's host. Others may have the same port at other addresses. */
export function isAt(address: TcpRow['local'], port: number): boolean {
  return address.host === host && address.port === port
}

/** The two sides of the connection between these ports, as far as the kernel still has them. */
export function sidesOf(server: number, client: number): TcpRow[] {
  const isBetween = (from: TcpRow['local'], to: TcpRow['local']) => isAt(from, server) && isAt(to, client)
  return readTcpTable().filter(({ local, remote }) => isBetween(local, remote) || isBetween(remote, local))
}
