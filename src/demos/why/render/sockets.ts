/** TCP, UDP and Unix sockets. */
import type { Endpoint, TcpRow } from '../../../proc/net-tcp.js'
import { counted } from '../../../text.js'
import type { UnixConnectBlocker } from '../../../why/blockers/connect.js'
import { plainHost, type SocketBlocker, type TcpConnection } from '../../../why/blockers/socket.js'
import type { UnixSocketBlocker } from '../../../why/blockers/unix-socket.js'
import { type Evidence, holderEvidence, holderNames, ownDescriptor, type Telling } from './telling.js'

export function tellSocket(blocker: SocketBlocker): Telling {
  const { pid, fd } = blocker
  switch (blocker.kind) {
    case 'tcp-listener': {
      const { row } = blocker
      const value = `${row.state} ${text(row.local)}, inode ${row.inode}, ${row.rxQueue} waiting`
      return {
        sentences: [
          `Fd ${fd} is the TCP socket that listens on ${text(row.local)}: a client must connect to it.`,
          `${counted(row.rxQueue, 'connection')} ${row.rxQueue === 1 ? 'waits' : 'wait'} to be accepted.`,
        ],
        evidence: [{ source: tableOf(pid, row), value, about: 'the socket', data: dataOf(row) }],
      }
    }
    case 'tcp-connection':
      return tellConnection(blocker)
    case 'udp-socket': {
      const address = text(blocker.row.local)
      const { inode } = blocker.row
      return {
        sentences: [
          `Fd ${fd} is the UDP socket of ${address}: a message must arrive.`,
          'Every process may send one.',
        ],
        evidence: [
          {
            source: `/proc/${pid}/net/udp`,
            value: `${address}, inode ${inode}`,
            about: 'its socket',
            data: dataOf(blocker.row),
          },
        ],
      }
    }
    case 'other-socket':
      return {
        sentences: [
          `Fd ${fd} is a socket (${blocker.target}): a message must arrive.`,
          '/proc does not show which process could send one.',
        ],
        evidence: [ownDescriptor(blocker)],
      }
  }
}

function tellConnection(blocker: TcpConnection & { pid: number; fd: number }): Telling {
  const { pid, fd, row, peer, wanted, listener, holders } = blocker
  const inode = listener?.inode ?? peer?.inode
  const must = { input: 'send', output: 'read', connection: 'answer' }[wanted]
  const connection = `the TCP connection from ${text(row.local)} to ${text(row.remote)} (${row.state})`
  return {
    sentences: [`Fd ${fd} is ${connection}: the other end must ${must}.`, otherEndOf(blocker)],
    evidence: [
      rowEvidence(pid, row, 'its socket'),
      ...(peer ? [rowEvidence(pid, peer, 'the other end')] : []),
      ...holderEvidence(holders, listener ? 'listens there' : 'has the other end', {
        folder: 'fd',
        value: `socket:[${inode}]`,
      }),
    ],
  }
}

function otherEndOf({ row, peer, wanted, listener, holders }: TcpConnection): string {
  const names = holderNames(holders)
  if (!peer && listener) {
    return `${names} listens there, and has not accepted ${counted(listener.rxQueue, 'other connection')}.`
  }
  if (!peer) {
    return wanted === 'connection'
      ? `${text(row.remote)} has not answered yet.`
      : `${text(row.remote)} is no socket of this network namespace: it is on another machine, or closed.`
  }
  if (listener) return `The connection has not been accepted yet: ${names} listens there.`
  const end = names === '' ? 'Which process has the other end cannot be seen' : `The other end: ${names}`
  return wanted === 'output'
    ? `${end}; ${peer.rxQueue} bytes wait there to be read, and ${row.txQueue} here to be sent.`
    : `${end}; nothing that it sent is on its way.`
}

export function tellUnixSocket(blocker: UnixSocketBlocker): Telling {
  const { pid, fd, row } = blocker
  const { inode, path, kind, listens } = row
  const socket: Evidence = {
    source: `/proc/${pid}/net/unix`,
    value: `${kind}${listens ? ', listens' : ''}, inode ${inode}${path && `, ${path}`}`,
    about: 'its socket',
    data: { ...row },
  }
  switch (blocker.kind) {
    case 'unix-listener':
      return {
        sentences: [
          `Fd ${fd} is the Unix socket that listens at ${path.replace(/@+$/, '')}: a client must connect to it.`,
        ],
        evidence: [socket],
      }
    case 'unix-datagram':
      return {
        sentences:
          path === ''
            ? [
                `Fd ${fd} is a Unix socket (datagram, inode ${inode}): a message must arrive.`,
                'It has no address yet, so no process can send one.',
              ]
            : [
                `Fd ${fd} is the Unix socket (datagram) at ${path}: a message must arrive.`,
                'Every process may send one.',
              ],
        evidence: [socket],
      }
    case 'unix-connection': {
      const { access, peer, unread, holders } = blocker
      const names = holderNames(holders)
      const queue =
        access === 'reading' || unread === undefined ? '' : `; ${unread} bytes wait there to be read`
      const end =
        peer === 0
          ? 'The connection has not been accepted yet.'
          : names === ''
            ? 'Which process has the other end cannot be seen.'
            : `The other end: ${names}${queue}.`
      const must = access === 'reading' ? 'send' : 'read'
      return {
        sentences: [
          `Fd ${fd} is a Unix socket (${kind}, inode ${inode}${path && `, ${path}`}): the other end must ${must}.`,
          end,
        ],
        evidence: [
          socket,
          ownDescriptor(blocker),
          ...(peer
            ? [
                {
                  source: 'sock_diag(7)',
                  value: `inode ${peer}`,
                  about: 'the other end',
                  data: { inode: peer },
                },
              ]
            : []),
          ...holderEvidence(holders, 'has the other end', { folder: 'fd', value: `socket:[${peer}]` }),
        ],
      }
    }
  }
}

export function tellUnixConnect(blocker: UnixConnectBlocker): Telling {
  const { pid, fd, address, argument, inode, listeners, waiting } = blocker
  const names = holderNames(listeners)
  const wait = waiting === undefined ? '' : `, and ${counted(waiting, 'connection')} wait to be accepted`
  const evidence: Evidence[] = [
    { source: `/proc/${pid}/mem`, value: argument, about: 'the address that it gave to the kernel' },
  ]
  if (waiting !== undefined) {
    const about = 'connections that wait to be accepted'
    evidence.push({ source: 'sock_diag(7)', value: `${waiting}`, about, data: waiting })
  }
  return {
    sentences: [
      `Fd ${fd} is a Unix socket that connects to ${address}: the listener must accept an earlier connection.`,
      names === ''
        ? 'Which process listens there cannot be seen.'
        : `${names} listens there${waiting === 1 ? ', and 1 connection waits to be accepted' : wait}.`,
    ],
    evidence: [
      ...evidence,
      ...holderEvidence(listeners, 'listens there', { folder: 'fd', value: `socket:[${inode}]` }),
    ],
  }
}

/** The peer of a socket of IPv6 may know it by an address of IPv4: both are written as that. */
function text({ host: own, port }: Endpoint): string {
  const host = plainHost(own)
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function tableOf(pid: number, row: TcpRow): string {
  return `/proc/${pid}/net/tcp${row.local.host.includes(':') ? '6' : ''}`
}

function rowEvidence(pid: number, row: TcpRow, about: string): Evidence {
  const { local, remote, state, inode, txQueue, rxQueue } = row
  const value = `${state} ${text(local)} to ${text(remote)}, inode ${inode}, to send ${txQueue}, to read ${rxQueue}`
  return { source: tableOf(pid, row), value, about, data: dataOf(row) }
}

function dataOf({ local, remote, state, inode, txQueue, rxQueue }: TcpRow) {
  return { local: text(local), remote: text(remote), state, inode, toSend: txQueue, toRead: rxQueue }
}
