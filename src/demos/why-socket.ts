/** Sockets: a connection that nobody makes, bytes that nobody sends, bytes that nobody takes. */
import type { TcpRow } from '../proc/net-tcp.js'
import type { UnixRow } from '../proc/net-unix.js'
import { quoted } from './quoted.js'
import type { OpenObject } from './why-object.js'
import { listed, named, type Other, type Proof, type World } from './why-world.js'

/** A thread that waits for something to come in on a socket. */
export function socketInput(world: World, pid: number, object: OpenObject): Other {
  const row = world.tcp(pid).find(({ inode }) => inode === object.ino)
  if (row?.state === 'LISTEN') return listening(pid, row)
  if (row) return connected(world, pid, row, 'input')
  const unix = world.unix(pid).find(({ inode }) => inode === object.ino)
  return unix ? unixInput(world, pid, object, unix) : otherSocket(object)
}

/** A thread that waits for room for what it sends. */
export function socketOutput(world: World, pid: number, object: OpenObject): Other {
  const row = world.tcp(pid).find(({ inode }) => inode === object.ino)
  if (row) return connected(world, pid, row, row.state === 'SYN_SENT' ? 'connection' : 'output')
  const unix = world.unix(pid).find(({ inode }) => inode === object.ino)
  if (!unix) return otherSocket(object)
  return {
    ...unixInput(world, pid, object, unix),
    event: unix.path === '' ? 'the other end to read from it' : 'room at the other end',
  }
}

function listening(pid: number, row: TcpRow): Other {
  const address = text(row.local)
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[row.local.host] ?? row.local.host
  return {
    object: `the TCP socket that listens on ${address}`,
    event: 'somebody to connect to it',
    who: `Nobody is about to: ${row.rxQueue} connections wait to be accepted.`,
    proofs: [
      {
        source: `/proc/${pid}/net/tcp`,
        value: `${row.state} ${address}, inode ${row.inode}, ${row.rxQueue} waiting`,
        about: 'the socket',
      },
    ],
    wakers: [],
    open: true,
    step: {
      command: `bash -c ': > /dev/tcp/${host}/${row.local.port}'`,
      effect: 'connects, and closes the connection at once',
    },
  }
}

function connected(world: World, pid: number, row: TcpRow, wanted: 'input' | 'output' | 'connection'): Other {
  const peer = peerOf(world.tcp(pid), row)
  const holders = peer && peer.inode !== 0 ? world.census().socketHolders(peer.inode) : []
  const pids = [...new Set(holders.map((holder) => holder.pid))]
  const names = listed(holders.map((holder) => `${named(holder.pid)}, fd ${holder.fd}`))
  const proofs: Proof[] = [
    { source: `/proc/${pid}/net/tcp`, value: describe(row), about: 'its socket' },
    ...(peer ? [{ source: `/proc/${pid}/net/tcp`, value: describe(peer), about: 'the other end' }] : []),
    ...holders.slice(0, 4).map((holder) => ({
      source: `/proc/${holder.pid}/fd/${holder.fd}`,
      value: `socket:[${peer!.inode}]`,
      about: `${named(holder.pid)} has the other end`,
    })),
  ]
  const others = pids.filter((other) => other !== pid)
  const doing = {
    input: 'the other end to send',
    output: 'the other end to read',
    connection: 'the other end to answer',
  }[wanted]
  return {
    object: `the TCP connection from ${text(row.local)} to ${text(row.remote)} (${row.state})`,
    event: doing,
    who: whoIsThere(row, peer, names, wanted),
    proofs,
    wakers: pids,
    open: pids.length === 0,
    step:
      wanted === 'connection' || others.length === 0
        ? undefined
        : {
            command: `kill ${others.join(' ')}`,
            effect: `ends who should ${wanted === 'input' ? 'send, and the connection with it: the call then returns' : 'read: the call then fails'}`,
          },
  }
}

function whoIsThere(row: TcpRow, peer: TcpRow | undefined, names: string, wanted: string): string {
  if (!peer) {
    return wanted === 'connection'
      ? `${text(row.remote)} has not answered yet.`
      : `${text(row.remote)} is no socket of this network namespace: it is on another machine, or closed.`
  }
  const held = names === '' ? `cannot be seen who has it` : names
  const queued =
    wanted === 'output'
      ? `${peer.rxQueue} bytes wait there to be read, and ${row.txQueue} here to be sent`
      : 'nothing that it sent is under way'
  return `The other end: ${held}; ${queued}.`
}

function peerOf(table: TcpRow[], { local, remote }: TcpRow): TcpRow | undefined {
  return table.find((row) => text(row.local) === text(remote) && text(row.remote) === text(local))
}

function text({ host, port }: TcpRow['local']): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function describe(row: TcpRow): string {
  return `${row.state} ${text(row.local)} to ${text(row.remote)}, inode ${row.inode}, to send ${row.txQueue}, to read ${row.rxQueue}`
}

function unixInput(world: World, pid: number, object: OpenObject, row: UnixRow): Other {
  const proofs = [
    {
      source: `/proc/${pid}/net/unix`,
      value: `${row.kind}${row.listens ? ', listens' : ''}, inode ${row.inode}${row.path && `, ${row.path}`}`,
      about: 'the socket',
    },
  ]
  if (row.listens) {
    const python = `import socket; socket.socket(socket.AF_UNIX).connect(${JSON.stringify(row.path)})`
    return {
      object: `the Unix socket that listens at ${row.path}`,
      event: 'somebody to connect to it',
      who: 'Nobody is about to.',
      proofs,
      wakers: [],
      open: true,
      step: row.path.startsWith('/')
        ? { command: `python3 -c ${quoted(python)}`, effect: 'connects, and closes the connection at once' }
        : undefined,
    }
  }
  return {
    object: `a Unix socket (${row.kind}, inode ${row.inode}${row.path && `, ${row.path}`})`,
    event: 'the other end to send',
    who: 'Which process has the other end, /proc does not say: ss -xp does.',
    proofs: [
      ...proofs,
      { source: `/proc/${pid}/fd/${object.fd}`, value: object.target, about: `its fd ${object.fd}` },
    ],
    wakers: [],
    open: true,
  }
}

function otherSocket(object: OpenObject): Other {
  return {
    object: `a socket (${object.target})`,
    event: 'a message on it',
    who: 'Who could send one, /proc does not say.',
    proofs: [],
    wakers: [],
    open: true,
  }
}
