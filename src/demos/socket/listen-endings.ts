/** What a TCP connection leaves behind in /proc/net/tcp: CLOSE_WAIT and TIME_WAIT, and what they mean for bind(2). */
import { constants } from 'node:os'
import { openFiles } from '../../proc/fds.js'
import type { Stage } from '../../run/stage.js'
import { backlog, bindFresh, type Connection, isOf, type Parties, seeRows } from './listen-rows.js'
import type { SocketProcess } from './socket-program.js'

const { EADDRINUSE } = constants.errno

const isClosed = ({ state }: { state: string }) => state === 'TIME_WAIT'

/** A server that does not close, and then does. */
export async function showCloseWait(
  stage: Stage,
  { server, client, listener, port }: Parties,
  connection: Connection,
): Promise<void> {
  const { value: fd } = await server.call(`accept ${listener}`)
  stage.note('The server accepts the first connection. The client closes it, and the server forgets to.')
  await client.call(`close ${connection.fd}`)
  await server.call(`recv ${fd} 5`)
  const end = await server.call(`recv ${fd} 5`)
  const isForgotten = ({ state }: { state: string }) => state === 'CLOSE_WAIT'
  const rows = await seeRows(
    stage,
    port,
    'client closes',
    isOf(connection),
    (row) => isForgotten(row) || isClosed(row),
  )
  const inode = rows.filter(isOf(connection)).find(isForgotten)?.inode
  const kept = openFiles(server.id).find((file) => file.fd === fd && file.ino === inode)
  stage.evidence(
    `/proc/${server.id}/fd`,
    kept ? `${fd} -> ${kept.target}` : 'no such socket',
    'the server still has it open',
    { data: { fd, inode: inode ?? 0 } },
  )
  stage.claim(
    'listen/forgotten-close-stays-in-close-wait',
    `Without close(2) of the server, its socket stays in CLOSE_WAIT: descriptor ${fd} of pid ${server.id}.`,
    end.value === 0 && kept !== undefined,
  )
  await server.call(`close ${fd}`)
  const left = await seeRows(stage, port, 'server closes too', isOf(connection), isClosed)
  const ports = left.filter(isOf(connection)).map(({ local }) => local.port)
  stage.claim(
    'listen/client-that-closes-first-has-time-wait',
    'The side that closes first then has TIME_WAIT: here the client.',
    left.some(isClosed) && ports.join() === `${connection.port}`,
  )
}

/** A server that closes first. */
export async function showTimeWait(
  stage: Stage,
  { server, client, listener, port }: Parties,
  connection: Connection,
): Promise<void> {
  const { value: fd } = await server.call(`accept ${listener}`)
  stage.note('The server accepts the second connection, and closes it first.')
  await server.call(`close ${fd}`)
  // Returns at end of file.
  await client.call(`recv ${connection.fd} 1`)
  await client.call(`close ${connection.fd}`)
  const rows = await seeRows(stage, port, 'both closed, server first', isOf(connection), isClosed)
  const [left] = rows.filter(isOf(connection))
  stage.claim(
    'listen/server-that-closes-first-has-time-wait',
    `A server that closes first has TIME_WAIT at its port, for ${Math.round(left?.timer ?? 0)} s. No process has that socket.`,
    left !== undefined && isClosed(left) && left.local.port === port && left.inode === 0,
  )
}

/** A server that is started again while its port has connections in TIME_WAIT. */
export async function showBind(stage: Stage, parties: Parties): Promise<void> {
  const { server, listener, port } = parties
  stage.note('The server closes its listener, and wants to have the port again.')
  await server.call(`close ${listener}`)
  const again = (await server.call('tcp')).value
  const bind = async (fd: number, to: number, about: string) => {
    const { errno } = await server.call(`bind ${fd} ${to}`)
    const result = errno === EADDRINUSE ? 'EADDRINUSE' : errno === 0 ? '0' : `errno ${errno}`
    stage.evidence(`bind(2) of pid ${server.id}`, result, about, { data: { errno } })
    return errno
  }
  const plain = await bind(again, port, 'without SO_REUSEADDR')
  stage.claim(
    'listen/time-wait-keeps-the-port',
    'A connection in TIME_WAIT keeps the port: bind(2) fails with EADDRINUSE, though no process listens.',
    plain === EADDRINUSE,
  )
  await server.call(`SO_REUSEADDR ${again}`)
  const reused = await bind(again, port, 'with SO_REUSEADDR')
  stage.claim('listen/reuseaddr-frees-the-port', 'With SO_REUSEADDR, bind(2) succeeds at once.', reused === 0)
  const other = await leftByListenerWithout(stage, parties)
  const late = (await server.call('tcp')).value
  await server.call(`SO_REUSEADDR ${late}`)
  const refused = await bind(late, other, 'with SO_REUSEADDR, and an old listener without')
  stage.claim(
    'listen/reuseaddr-on-both-sockets',
    'On Linux the old listener needs the option too: each server sets it before every bind(2).',
    refused === EADDRINUSE,
  )
}

/** A port with a connection in TIME_WAIT, whose listener had not set SO_REUSEADDR. */
async function leftByListenerWithout(stage: Stage, { server, client }: Parties): Promise<number> {
  const { listener, port } = await bindFresh(server, false)
  await server.call(`listen ${listener} ${backlog}`)
  const fd = (await client.call('tcp')).value
  await client.call(`connect ${fd} ${port}`)
  await closeAccepted(server, listener)
  await client.call(`recv ${fd} 1`)
  await client.call(`close ${fd}`)
  await seeRows(stage, port, 'a second port', isClosed, isClosed)
  await server.call(`close ${listener}`)
  return port
}

async function closeAccepted(server: SocketProcess, listener: number): Promise<void> {
  const { value } = await server.call(`accept ${listener}`)
  await server.call(`close ${value}`)
}
