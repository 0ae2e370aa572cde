/** How a connection ends: with FIN or with a reset, what the server notices, and what the kernel keeps of it. */
import type { EchoClientConfig } from '../../actors/echo-client.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { sayRow, sidesOf } from './tcp-rows.js'

/** Shows what a server noticed of a client that closed with FIN, and which side the kernel keeps in TIME_WAIT. */
export async function showFin(stage: Stage, server: Actor, port: number): Promise<void> {
  const log = logOf(server).at(-1)
  sayLog(stage, log)
  stage.claim(
    'tcp/fin-is-end-of-file',
    'FIN is end of file: read(2) of the server returned 0, so it logged that the client had closed.',
    log?.closedBy === 'peer' && log.how === 'FIN',
  )
  const client = log?.port ?? 0
  // tcp(7): with too many such sockets, the kernel keeps no more of them.
  const kept = await stage.poll(() => sidesOf(port, client).find(({ state }) => state === 'TIME_WAIT'), 1000)
  if (!kept) {
    stage.note('Not observed: the kernel keeps no side of this connection in TIME_WAIT.', 'aside')
    return
  }
  sayRow(stage, kept, 'no process has it open')
  stage.claim(
    'tcp/first-to-close-stays-in-time-wait',
    `The side that closes first stays in TIME_WAIT for a while: here port ${kept.local.port}, of the client.`,
    kept.local.port === client,
  )
}

/** Starts a client that resets its connection, and shows what the server noticed and that the kernel keeps nothing. */
export async function showReset(stage: Stage, server: Actor, config: EchoClientConfig): Promise<void> {
  stage.note('A second client connects, and resets its connection: it sends RST instead of FIN.')
  const earlier = connectionsOf(server)
  const client = await stage.start({
    program: 'echo-client',
    name: 'client 2',
    config: { ...config, messages: [] },
  })
  // Before accept(2), a reset connection has no address any more.
  await server.until('created', () => connectionsOf(server) > earlier)
  client.tell('reset')
  await client.ended
  await server.until('removed', () => logOf(server).length > earlier)
  const log = logOf(server).at(-1)
  sayLog(stage, log)
  const left = sidesOf(config.port, log?.port ?? 0)
  sayRow(stage, left[0], 'the reset connection')
  stage.claim(
    'tcp/reset-is-an-error',
    'A reset is an error, not end of file: read(2) fails with ECONNRESET, and no side stays in TIME_WAIT.',
    log?.closedBy === 'peer' && log.how === 'reset' && left.length === 0,
  )
}

/** How many connections a server has accepted. */
function connectionsOf(server: Actor): number {
  return server.events.filter((event) => event.event === 'created' && event.port === undefined).length
}

interface LogLine {
  text: string
  /** The port of the client. */
  port: number
  closedBy: string
  how: string
}

/** What a server reported about connections that were closed, oldest first. */
function logOf(server: Actor): LogLine[] {
  return server.events.flatMap((event) => {
    if (event.event !== 'note' || typeof event.data !== 'object' || Array.isArray(event.data)) return []
    const { peer, closedBy, how } = event.data
    if (typeof peer !== 'string' || typeof closedBy !== 'string' || typeof how !== 'string') return []
    return [{ text: event.text, port: Number(peer.slice(peer.lastIndexOf(':') + 1)), closedBy, how }]
  })
}

/** Shows what read(2) returned to the server when the connection ended. */
function sayLog(stage: Stage, log: LogLine | undefined): void {
  if (!log) return
  const { port, closedBy, how } = log
  const result = how === 'FIN' ? '0' : 'ECONNRESET'
  stage.evidence('read(2)', result, `the server read from the client at port ${port}`, {
    data: { port, closedBy, how },
  })
}
