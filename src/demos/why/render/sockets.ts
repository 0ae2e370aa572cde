/** TCP, UDP and Unix sockets. */
import type { Endpoint, TcpRow } from '../../../proc/net-tcp.js'
import type { Holder } from '../../../proc/open-descriptors.js'
import { counted } from '../../../text.js'
import type { UnixConnectBlocker } from '../../../why/blockers/connect.js'
import type { LostDescriptorBlocker } from '../../../why/blockers/lost-descriptor.js'
import { plainHost, type SocketBlocker, type TcpConnection } from '../../../why/blockers/socket.js'
import type { UnixSocketBlocker } from '../../../why/blockers/unix-socket.js'
import {
  type Evidence,
  holderNames,
  openSockets,
  ownDescriptor,
  type Proof,
  processNames,
  type Telling,
  verb,
} from './telling.js'
import { named } from './words.js'

export function tellSocket(blocker: SocketBlocker): Telling {
  const { pid, fd } = blocker
  switch (blocker.kind) {
    case 'tcp-listener': {
      const { row } = blocker
      const address = endpointText(row.local)
      const queue = counted(row.rxQueue, 'connection')
      return {
        wait: `for a client to connect to ${address}`,
        object: `the TCP listener on ${address}`,
        ready: 'a client connects',
        sentences: [`Its accept queue contains ${queue}.`],
        proofs: [
          {
            shows: `Fd ${fd} is a listener, and its accept queue contains ${queue}.`,
            evidence: [
              {
                source: tableOf(pid, row),
                value: `${row.state} ${address}, inode ${row.inode}, rx_queue ${row.rxQueue}`,
                about: 'decoded',
                data: dataOf(row),
              },
            ],
          },
        ],
      }
    }
    case 'tcp-connection':
      return tellConnection(blocker)
    case 'udp-socket': {
      const { row, others, isConnected } = blocker
      const [address, remote] = [endpointText(row.local), endpointText(row.remote)]
      const names = processNames(others)
      const has = verb(new Set(others.map((holder) => holder.pid)).size, 'has', 'have')
      const isUdp: Proof = {
        shows: `Fd ${fd} is a UDP socket.`,
        evidence: [
          {
            source: `/proc/${pid}/net/udp`,
            value: `${address}${isConnected ? ` to ${remote}` : ''}, inode ${row.inode}`,
            about: 'decoded',
            data: dataOf(row),
          },
        ],
      }
      if (isConnected) {
        const end =
          names === ''
            ? `Not observed: a process that has ${remote} open.`
            : `That address belongs to ${holderNames(others)}.`
        return {
          wait: `for a datagram from ${remote} (UDP)${names && `, which ${names} ${has} open`}`,
          object: `the UDP socket on ${address}`,
          ready: 'its peer sends a datagram',
          sentences: [`It is connected to ${remote}, so it receives from there alone.`, end],
          proofs: [isUdp, ...otherProof(others, `${has} ${remote} open`)],
        }
      }
      const connected = others.length === 0 ? [] : [`Connected to it: ${holderNames(others)}.`]
      return {
        wait: `for a datagram to ${address} (UDP)`,
        object: `the UDP socket on ${address}`,
        ready: 'a datagram arrives',
        sentences: ['Any process that can reach that address may send one.', ...connected],
        proofs: [isUdp, ...otherProof(others, `${has} a socket that is connected to it`)],
      }
    }
    case 'other-socket':
      return {
        wait: 'for a message on a socket',
        object: `the socket ${blocker.target}`,
        ready: 'a message arrives',
        sentences: ['Not observed: which process could send one. /proc/net lists no such socket.'],
        proofs: [{ shows: `Fd ${fd} is a socket.`, evidence: [ownDescriptor(blocker)] }],
      }
  }
}

function tellConnection(blocker: TcpConnection & { pid: number; fd: number }): Telling {
  const { pid, fd, row, peer, wanted, listener, full, holders } = blocker
  const remote = endpointText(row.remote)
  const names = processNames(holders)
  const count = new Set(holders.map((holder) => holder.pid)).size
  const listens = verb(count, 'listens', 'listen')
  const has = verb(count, 'has', 'have')
  const owner = names === '' ? '' : listener ? `, where ${names} ${listens}` : `, which ${names} ${has} open`
  const wait = {
    input: `for data on its TCP connection to ${remote}${owner}`,
    output: `for room to send on its TCP connection to ${remote}${owner}`,
    connection: full
      ? `until ${names || 'the listener'} ${verb(count || 1, 'accepts', 'accept')} an earlier connection to ${remote}`
      : `for ${remote} to answer its connect(2)`,
  }[wanted]
  return {
    wait,
    object: `a TCP connection from ${endpointText(row.local)} to ${remote}`,
    ready: { input: 'the peer sends', output: 'the peer reads', connection: 'the peer answers' }[wanted],
    sentences: otherEndOf(blocker),
    proofs: [
      {
        shows: `Fd ${fd} is a TCP connection in state ${row.state}.`,
        evidence: [rowEvidence(pid, row, 'decoded'), ...(peer ? [rowEvidence(pid, peer, 'the peer')] : [])],
      },
      ...(full && listener
        ? [
            {
              shows: 'The accept queue of the listener is full.',
              evidence: [
                rowEvidence(pid, listener, 'the listener'),
                {
                  source: 'sock_diag(7)',
                  value: `idiag_rqueue ${full.waiting}, idiag_wqueue ${full.backlog}`,
                  about: 'connections in the queue, and the backlog',
                  data: { ...full },
                },
              ],
            },
          ]
        : []),
      ...holderProof(
        names,
        holders,
        listener ? `${listens} there` : `${has} the peer socket open`,
        listener?.inode ?? peer?.inode,
      ),
    ],
  }
}

function holderProof(
  names: string,
  holders: readonly Holder[],
  what: string,
  inode: number | undefined,
): Proof[] {
  return holders.length === 0 ? [] : [{ shows: `${names} ${what}.`, evidence: openSockets(holders, inode) }]
}

/** The same for processes that have different sockets. */
function otherProof(others: readonly (Holder & { inode: number })[], what: string): Proof[] {
  const evidence = others.slice(0, 4).flatMap((holder) => openSockets([holder], holder.inode))
  return evidence.length === 0 ? [] : [{ shows: `${processNames(others)} ${what}.`, evidence }]
}

function otherEndOf({ row, peer, wanted, listener, full, listeners, holders }: TcpConnection): string[] {
  const names = holderNames(holders)
  const listens = verb(holders, 'listens', 'listen')
  const remote = endpointText(row.remote)
  if (!peer && listener) {
    if (full)
      return [
        `${names} ${listens} there.`,
        `The accept queue is full: it contains ${counted(full.waiting, 'connection')}, and the backlog is ${full.backlog}.`,
      ]
    const queue = counted(listener.rxQueue, 'connection')
    return [`${names} ${listens} there, and its accept queue contains ${queue}.`]
  }
  if (!peer) {
    return wanted === 'connection'
      ? [`No answer from ${remote} has arrived yet.`]
      : [`Not observed: the peer ${remote}. This network namespace has no such socket.`]
  }
  if (listeners > 1)
    return [
      `No process has accepted the connection yet: it is in the accept queue of ${names}.`,
      `Not observed: in which of these ${listeners} queues. They share the port with SO_REUSEPORT.`,
    ]
  if (listener) return [`No process has accepted the connection yet: ${names} ${listens} there.`]
  const end =
    names === ''
      ? 'Not observed: which process has the peer socket open.'
      : `The peer socket is open in ${names}.`
  return wanted === 'output'
    ? [
        end,
        `The peer has not read ${counted(peer.rxQueue, 'byte')}; ${counted(row.txQueue, 'byte')} wait here.`,
      ]
    : [end]
}

/** A call on a socket or pipe that its descriptor no longer refers to. */
export function tellLostDescriptor(blocker: LostDescriptorBlocker): Telling {
  const { pid, fd, row, peer, holders } = blocker
  const names = processNames(holders)
  const other =
    row === undefined
      ? ['Not observed: which process has the other end.']
      : [
          `Probably it is the TCP connection from ${endpointText(row.local)} to ${endpointText(row.remote)}, which no descriptor refers to.`,
          ...(names === '' ? [] : [`The peer socket is open in ${holderNames(holders)}.`]),
        ]
  const evidence = [
    ...(row ? [rowEvidence(pid, row, 'no process has it open')] : []),
    ...(peer ? [rowEvidence(pid, peer, 'the peer')] : []),
  ]
  const proofs: Proof[] = evidence.length > 0 ? [{ shows: 'The kernel lists the connection.', evidence }] : []
  if (blocker.kind === 'lingering') {
    return {
      wait: `in close(2) until ${names || 'the peer'} has received what was sent`,
      object: 'a socket that it closes',
      sentences: [
        'With SO_LINGER, close(2) waits until the peer has received all data, for a limited time.',
        ...other,
        ...(row ? [`${counted(row.txQueue, 'byte')} wait here.`] : []),
      ],
      proofs,
    }
  }
  const { was, target } = blocker
  return {
    wait: `on a ${was} that its fd ${fd} no longer refers to`,
    object: target === undefined ? 'which is closed' : `which refers to ${target} now`,
    sentences: [
      `The descriptor was closed while the call waited on a ${was}: close(2) does not wake it up.`,
      ...other,
    ],
    proofs: [
      {
        shows: `Fd ${fd} of ${named(pid)} is ${target === undefined ? 'not open' : `no longer that ${was}`}.`,
        evidence: [{ source: `/proc/${pid}/fd/${fd}`, value: target ?? 'not open', about: '' }],
      },
      ...proofs,
    ],
  }
}

export function tellUnixSocket(blocker: UnixSocketBlocker): Telling {
  const { pid, fd, row } = blocker
  const { inode, kind, listens } = row
  const path = row.path.replace(/@+$/, '')
  const socket: Evidence = {
    source: `/proc/${pid}/net/unix`,
    value: `${kind}${listens ? ', listens' : ''}, inode ${inode}${path && `, ${path}`}`,
    about: 'decoded',
    data: { ...row },
  }
  switch (blocker.kind) {
    case 'unix-listener':
      return {
        wait: `for a client to connect to the Unix socket ${path}`,
        object: `the Unix listener at ${path}`,
        ready: 'a client connects',
        sentences: [],
        proofs: [{ shows: `Fd ${fd} is a listener.`, evidence: [socket] }],
      }
    case 'unix-datagram': {
      const { senders } = blocker
      const place = path === '' ? 'a Unix socket without an address' : `the Unix socket ${path}`
      return {
        wait: `for a datagram on ${place}`,
        object: place,
        ready: 'a datagram arrives',
        sentences: [
          path === ''
            ? 'Without an address no process can send it one.'
            : 'Any process that may write to that address can send one.',
          ...(senders.length === 0 ? [] : [`Connected to it: ${holderNames(senders)}.`]),
        ],
        proofs: [
          { shows: `Fd ${fd} is a datagram socket.`, evidence: [socket] },
          ...otherProof(senders, `${verb(senders, 'has', 'have')} a socket that is connected to it`),
        ],
      }
    }
    case 'unix-connection': {
      const { access, peer, listener, unread, holders } = blocker
      const names = processNames(holders)
      const has = verb(new Set(holders.map((holder) => holder.pid)).size, 'has', 'have')
      const act = access === 'reading' ? 'for data' : 'for room to send'
      const owner = names === '' ? '' : ` whose peer ${names} ${has} open`
      return {
        wait:
          peer === 0
            ? `${act} on a Unix connection that no process has accepted yet`
            : `${act} on a Unix socket${owner}`,
        object: `a Unix socket${path && ` (${path})`}`,
        ready: access === 'reading' ? 'the peer sends' : 'the peer reads',
        sentences: peerSentences(),
        proofs: [
          { shows: `Fd ${fd} is a Unix socket.`, evidence: [ownDescriptor(blocker), socket] },
          ...(peer
            ? [
                {
                  shows: `Its peer is socket ${peer}${names && `, which ${names} ${has} open`}.`,
                  evidence: [
                    {
                      source: 'sock_diag(7)',
                      value: `UNIX_DIAG_PEER ${peer}`,
                      about: 'inode of the peer',
                      data: { inode: peer },
                    },
                    ...openSockets(holders, peer),
                  ],
                },
              ]
            : []),
          ...(listener
            ? [
                {
                  shows: 'The connection is in the accept queue of a listener.',
                  evidence: [
                    {
                      source: 'sock_diag(7)',
                      value: `UNIX_DIAG_ICONS ${inode}`,
                      about: `in the queue of socket ${listener.inode}, ${listener.path}`,
                      data: { inode: listener.inode, path: listener.path },
                    },
                    ...openSockets(holders, listener.inode),
                  ],
                },
              ]
            : []),
        ],
      }

      function peerSentences(): string[] {
        if (listener && names !== '')
          return [
            `No process has accepted the connection yet: ${holderNames(holders)} ${verb(holders, 'listens', 'listen')} at ${listener.path}.`,
          ]
        if (peer === 0) return ['Not observed: which process listens there.']
        if (names === '') return ['Not observed: which process has the peer socket open.']
        const held = `The peer socket is open in ${holderNames(holders)}.`
        // Of datagrams the kernel reports the size of the first one only.
        return access === 'reading' || unread === undefined || blocker.row.kind === 'datagram'
          ? [held]
          : [held, `The peer has not read ${counted(unread, 'byte')}.`]
      }
    }
  }
}

export function tellUnixConnect(blocker: UnixConnectBlocker): Telling {
  const { pid, fd, address, argument, inode, listeners, waiting } = blocker
  const names = processNames(listeners)
  const queue = waiting === undefined ? undefined : counted(waiting, 'connection')
  return {
    wait: `until the listener at ${address} accepts an earlier connection`,
    object: 'a Unix socket',
    sentences: [
      names === ''
        ? 'Not observed: which process listens there.'
        : `${holderNames(listeners)} ${verb(listeners, 'is', 'are')} the listener.`,
      ...(queue === undefined ? [] : [`The accept queue is full: it contains ${queue}.`]),
    ],
    proofs: [
      {
        shows: `Fd ${fd} of ${named(pid)} connects to a Unix socket.`,
        evidence: [{ source: `/proc/${pid}/mem`, value: argument, about: 'the address in its call' }],
      },
      ...(queue === undefined
        ? []
        : [
            {
              shows: 'The accept queue of the listener is full.',
              evidence: [
                {
                  source: 'sock_diag(7)',
                  value: `UDIAG_SHOW_RQLEN ${waiting}`,
                  about: 'connections in the queue',
                  ...(waiting !== undefined && { data: waiting }),
                },
              ],
            },
          ]),
      ...holderProof(names, listeners, 'listens there', inode),
    ],
  }
}

/** The peer of an IPv6 socket may have an IPv4 address: both are written as that. */
export function endpointText({ host: own, port }: Endpoint): string {
  const host = plainHost(own)
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function tableOf(pid: number, row: TcpRow): string {
  return `/proc/${pid}/net/tcp${row.local.host.includes(':') ? '6' : ''}`
}

function rowEvidence(pid: number, row: TcpRow, about: string): Evidence {
  const { local, remote, state, inode, txQueue, rxQueue } = row
  const value = `${state} ${endpointText(local)} to ${endpointText(remote)}, inode ${inode}, tx_queue ${txQueue}, rx_queue ${rxQueue}`
  return { source: tableOf(pid, row), value, about, data: dataOf(row) }
}

function dataOf({ local, remote, state, inode, txQueue, rxQueue }: TcpRow) {
  return {
    local: endpointText(local),
    remote: endpointText(remote),
    state,
    inode,
    toSend: txQueue,
    toRead: rxQueue,
  }
}
