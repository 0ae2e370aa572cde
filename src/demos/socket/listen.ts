/**
 * How a TCP connection begins and ends, in /proc/net/tcp. C programs make the calls, because Node accepts every connection at once
 * and sets SO_REUSEADDR by itself.
 */
import { constants } from 'node:os'
import { Unavailable } from '../../errors.js'
import { tcpCount } from '../../proc/net-counters.js'
import { longestBacklog, type TcpRow } from '../../proc/net-tcp.js'
import type { Demo, Stage } from '../../run/stage.js'
import { accountOf } from '../../why/process-account.js'
import { createWorld } from '../../why/snapshot.js'
import { wakers } from '../../why/wait-graph.js'
import { seeWait } from '../shared/claim-waiting.js'
import { requireProc } from '../shared/require-proc.js'
import { showBind, showCloseWait, showTimeWait } from './listen-endings.js'
import {
  backlog,
  bindFresh,
  type Connection,
  isListener,
  type Parties,
  portOf,
  queueIn,
  rowsOf,
  seeRows,
} from './listen-rows.js'
import { requireLoopback } from './require-loopback.js'
import { startSocketProcess } from './socket-program.js'
import { isAt } from './tcp-rows.js'

const { ECONNREFUSED } = constants.errno

const somaxconnHint = 'Allow more: sysctl net.core.somaxconn=4096'

/** @param waits for the connection that had no room in the queue; the kernel tries again after a second */
export function socketListen(waits: boolean): Demo {
  return async (stage) => {
    requireProc('socket listen')
    requireLoopback('socket listen')
    if (longestBacklog() === 0) {
      throw new Unavailable('net.core.somaxconn is 0: only one connection can wait', somaxconnHint)
    }
    stage.note(
      'The kernel makes connections, also while the server does nothing. ' +
        'Watch in /proc/net/tcp what waits for a slow server, and what a closed connection leaves.',
      'opening',
    )
    const server = await startSocketProcess(stage, 'server', 'inet-sockets')
    const client = await startSocketProcess(stage, 'client', 'inet-sockets')
    const parties = { server, client, ...(await bindFresh(server, true)) }
    await showRefusal(stage, parties)
    const [first, second] = await showQueue(stage, parties)
    const tryAgain = await showFull(stage, parties)
    await showCloseWait(stage, parties, first)
    await showTimeWait(stage, parties, second)
    if (waits) await tryAgain()
    await showBind(stage, parties)
    for (const party of [client, server]) await party.exit()
    stage.note(
      'A server calls accept(2) in time, closes each connection that its client has closed, ' +
        'and sets SO_REUSEADDR before bind(2).',
      'closing',
    )
    stage.note('Next: `osdemo tcp-echo`, and in another terminal `ss -tan`.', 'next')
  }
}

/** Before listen(2), the port belongs to the server, so no other process can listen there. */
async function showRefusal(stage: Stage, { client, port }: Parties): Promise<void> {
  const fd = (await client.call('tcp')).value
  const { errno } = await client.call(`connect ${fd} ${port}`)
  await client.call(`close ${fd}`)
  stage.evidence(
    `connect(2) of pid ${client.id}`,
    errno === ECONNREFUSED ? 'ECONNREFUSED' : `errno ${errno}`,
    `port ${port}: the server has called bind(2), and not listen(2)`,
    { data: { errno } },
  )
  stage.claim(
    'listen/port-without-listener-refuses',
    'Where no process listens, connect(2) fails at once with ECONNREFUSED.',
    errno === ECONNREFUSED && !rowsOf(port).some(isListener),
  )
}

/** Fills the queue of the listener. @returns the connections in it */
async function showQueue(stage: Stage, parties: Parties): Promise<[Connection, Connection]> {
  const { server, client, listener, port } = parties
  await server.call(`listen ${listener} ${backlog}`)
  stage.note(`The server calls listen(2) with a backlog of ${backlog}, and does not call accept(2).`)
  const one = (await client.call('tcp')).value
  const connected = await client.call(`connect ${one} ${port}`)
  const sent = await client.call(`send ${one} 5`)
  // connect(2) and send(2) return before the kernel has handled the packets at the other end.
  const rows = await seeRows(
    stage,
    port,
    'before accept(2)',
    () => true,
    (row) => isAt(row.local, port) && !isListener(row) && row.rxQueue > 0,
  )
  const far = rows.find((row) => isAt(row.local, port) && !isListener(row))
  stage.claim(
    'listen/connected-before-accept',
    'The kernel makes the connection: connect(2) and send(2) return before the server calls accept(2).',
    connected.errno === 0 &&
      sent.value === 5 &&
      far?.state === 'ESTABLISHED' &&
      far.inode === 0 &&
      far.rxQueue === 5,
  )
  const two = (await client.call('tcp')).value
  await client.call(`connect ${two} ${port}`)
  const full = await seeRows(stage, port, 'backlog full', isListener, ({ rxQueue }) => rxQueue > backlog)
  return [
    { fd: one, port: portOf(full, client, one) },
    { fd: two, port: portOf(full, client, two) },
  ]
}

/** A connection for which the queue has no room. @returns waits until the client has it */
async function showFull(stage: Stage, { server, listener, port }: Parties): Promise<() => Promise<void>> {
  const late = await startSocketProcess(stage, 'late', 'inet-sockets')
  const fd = (await late.call('tcp')).value
  const before = tcpCount('ListenOverflows') ?? 0
  const begin = performance.now()
  const connecting = late.begin(`connect ${fd} ${port}`)
  await seeWait(stage, {
    pid: late.id,
    calls: ['connect'],
    hasReturned: connecting.hasReturned,
    id: 'listen/full-backlog-blocks-connect',
    claim: 'When the queue is full, the next client is blocked in connect(2).',
  })
  const isWaiting = ({ state }: Pick<TcpRow, 'state'>) => state === 'SYN_SENT'
  const rows = await seeRows(
    stage,
    port,
    'one more client',
    (row) => isListener(row) || isWaiting(row),
    (row) => isWaiting(row) || connecting.hasReturned(),
  )
  const limit = longestBacklog() ?? backlog
  stage.evidence('/proc/sys/net/core/somaxconn', `${limit}`, 'the limit of every backlog', { data: limit })
  const queue = queueIn(rows)
  const isDropped = rows.some(isWaiting)
  stage.claim(
    'listen/backlog-admits-one-more',
    `Linux lets one more connection wait than the backlog of ${backlog}: here ${queue}.`,
    queue === backlog + 1 && isDropped,
  )
  const overflows = (tcpCount('ListenOverflows') ?? 0) - before
  stage.evidence('/proc/net/netstat', `TcpExt: ListenOverflows: ${overflows} more`, 'for every listener', {
    data: { overflows },
  })
  stage.claim(
    'listen/full-backlog-drops-the-first-packet',
    'The SYN of a client that finds the queue full is dropped: its socket stays in SYN_SENT.',
    isDropped && overflows > 0,
  )
  const named = [...new Set(wakers(accountOf(createWorld(), late.id, true)))]
  stage.claim(
    'listen/why-names-the-listener',
    `\`osdemo why ${late.id}\` names the process that does not accept: the server (${server.id}).`,
    named.join() === `${server.id}`,
  )
  return async () => {
    const { errno } = await connecting.result
    const seconds = Math.round((performance.now() - begin) / 100) / 10
    stage.evidence(
      `connect(2) of pid ${late.id}`,
      errno === 0 ? '0' : `errno ${errno}`,
      `after ${seconds} s`,
      {
        data: { errno, seconds },
      },
    )
    stage.claim(
      'listen/client-tries-again',
      'The kernel of the client sends the SYN again: once the queue has room, connect(2) succeeds.',
      errno === 0,
    )
    if (errno === 0) {
      const { value: accepted } = await server.call(`accept ${listener}`)
      await late.call(`close ${fd}`)
      await server.call(`close ${accepted}`)
    }
    await late.exit()
  }
}
