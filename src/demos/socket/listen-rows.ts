/** The lines of /proc/net/tcp about the port of a server, as `socket listen` shows them. */
import { openFiles } from '../../proc/fds.js'
import { readTcpTable, type TcpRow } from '../../proc/net-tcp.js'
import type { Stage } from '../../run/stage.js'
import type { SocketProcess } from './socket-program.js'
import { isAt, sayRow } from './tcp-rows.js'

/** What the parts of the demo work with. */
export interface Parties {
  server: SocketProcess
  client: SocketProcess
  /** The descriptor of the server's listener. */
  listener: number
  port: number
}

/** A connection of the client: its descriptor, and the port that the kernel chose for it. */
export interface Connection {
  fd: number
  port: number
}

/** The second argument of listen(2). */
export const backlog = 1

/** How long the kernel may take for a packet, in milliseconds. */
export const patience = 10_000

/** The sockets of this port, and of connections to it. */
export function rowsOf(port: number): TcpRow[] {
  return readTcpTable().filter(({ local, remote }) => isAt(local, port) || isAt(remote, port))
}

/** So many ports are tried. */
const mostPorts = 50

/**
 * Binds a new socket to a port about which /proc/net/tcp has no line. The kernel may offer one at which a server has listened before, and
 * whose client is still in TIME_WAIT.
 *
 * @param reuses whether to set SO_REUSEADDR
 */
export async function bindFresh(
  server: SocketProcess,
  reuses: boolean,
): Promise<Pick<Parties, 'listener' | 'port'>> {
  // They stay bound meanwhile: otherwise the kernel offers the same ports again.
  const refused: number[] = []
  for (;;) {
    const listener = (await server.call('tcp')).value
    if (reuses) await server.call(`SO_REUSEADDR ${listener}`)
    const { value: port } = await server.call(`bind ${listener} 0`)
    if (rowsOf(port).length === 0 || refused.length === mostPorts) {
      for (const fd of refused) await server.call(`close ${fd}`)
      return { listener, port }
    }
    refused.push(listener)
  }
}

export const isListener = ({ state }: Pick<TcpRow, 'state'>) => state === 'LISTEN'

/** How many connections wait to be accepted. */
export function queueIn(rows: readonly TcpRow[]): number | undefined {
  return rows.find(isListener)?.rxQueue
}

/** Whether it is one of the two sockets of this connection. */
export const isOf =
  ({ port }: Connection) =>
  ({ local, remote }: TcpRow) =>
    local.port === port || remote.port === port

/** The port that the kernel chose for a socket of a process; 0 where it has none. */
export function portOf(rows: readonly TcpRow[], { id }: SocketProcess, fd: number): number {
  const ino = openFiles(id).find((file) => file.fd === fd)?.ino
  return rows.find(({ inode }) => inode === ino)?.local.port ?? 0
}

/**
 * Waits until one of the lines that are wanted is as expected, and quotes them.
 *
 * @param moment what has happened, in a few words
 * @returns all lines about the port
 */
export async function seeRows(
  stage: Stage,
  port: number,
  moment: string,
  isWanted: (row: TcpRow) => boolean,
  isExpected: (row: TcpRow) => boolean,
): Promise<TcpRow[]> {
  let rows: TcpRow[] = []
  await stage.poll(() => {
    rows = rowsOf(port)
    return rows.filter(isWanted).some(isExpected)
  }, patience)
  for (const row of rows.filter(isWanted)) {
    const side = isListener(row) ? 'listener' : isAt(row.local, port) ? 'server' : 'client'
    sayRow(stage, row, `${side}, ${moment}`, { side, moment })
  }
  return rows
}
