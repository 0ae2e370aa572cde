/** Unix sockets, unix(7): who has the other end is known to sock_diag(7) alone. */
import { unixPeer } from '../../ipc/unix-diag.js'
import type { UnixRow } from '../../proc/net-unix.js'
import type { Access } from '../../proc/open-descriptors.js'
import { absolutePath, type OpenObject } from '../../proc/open-object.js'
import { quoted } from '../../shell-quote.js'
import { endCommand, listed, named, type Other, type World } from '../snapshot.js'

export function unixEnd(world: World, pid: number, object: OpenObject, row: UnixRow, access: Access): Other {
  const { inode, path } = row
  const proof = {
    source: `/proc/${pid}/net/unix`,
    value: `${row.kind}${row.listens ? ', listens' : ''}, inode ${inode}${path && `, ${path}`}`,
    about: 'its socket',
  }
  if (row.listens) return { ...listening(pid, row), proofs: [proof] }
  const reads = access === 'reading'
  const peer = unixPeer(inode)?.peer
  // The other end of a connection that nobody has accepted yet is no socket of any process: its inode is 0.
  const isUnaccepted = peer === 0
  if (peer === undefined && row.kind === 'datagram' && reads)
    return { ...datagrams(pid, row), proofs: [proof] }
  const holders = !peer ? [] : world.census().socketHolders(peer)
  const pids = [...new Set(holders.map((holder) => holder.pid))]
  const others = pids.filter((other) => other !== pid)
  const unread = peer === undefined ? undefined : unixPeer(peer)?.unread
  const names = listed(holders.map((holder) => `${named(holder.pid)}, fd ${holder.fd}`))
  const queue = reads || unread === undefined ? '' : `; ${unread} bytes wait there to be read`
  return {
    object: `a Unix socket (${row.kind}, inode ${inode}${path && `, ${path}`})`,
    event: reads ? 'the other end to send' : 'the other end to read',
    who: isUnaccepted
      ? 'Nobody has accepted this connection yet.'
      : names === ''
        ? 'Who has the other end cannot be seen.'
        : `The other end: ${names}${queue}.`,
    proofs: [
      proof,
      { source: `/proc/${pid}/fd/${object.fd}`, value: object.target, about: `its fd ${object.fd}` },
      ...(!peer ? [] : [{ source: 'sock_diag(7)', value: `inode ${peer}`, about: 'the other end' }]),
      ...holders.slice(0, 4).map((holder) => ({
        source: `/proc/${holder.pid}/fd/${holder.fd}`,
        value: `socket:[${peer}]`,
        about: `${named(holder.pid)} has the other end`,
      })),
    ],
    wakers: pids,
    open: pids.length === 0,
    step:
      others.length > 0
        ? {
            command: endCommand(others),
            effect: `ends who should ${reads ? 'send' : 'read'}, and the connection with it`,
          }
        : undefined,
  }
}

/** A socket that is connected with none: everybody may send to its address. */
function datagrams(pid: number, { path, inode }: UnixRow): Omit<Other, 'proofs'> {
  return {
    object:
      path === '' ? `a Unix socket (datagram, inode ${inode})` : `the Unix socket (datagram) at ${path}`,
    event: 'a message to come',
    who: path === '' ? 'It has no address yet, so nobody can send one.' : 'Anybody may send one.',
    wakers: [],
    open: true,
    step:
      path === ''
        ? undefined
        : {
            command: `python3 -c ${quoted(`${socketOf('DGRAM')}.sendto(b"hello", ${addressOf(pid, path)})`)}`,
            effect: 'sends it a message',
          },
  }
}

function listening(pid: number, { path, kind }: UnixRow): Omit<Other, 'proofs'> {
  // Node connects by path, and to streams only; to addresses in no file system it does so in newer versions alone.
  const isPlain = kind === 'stream' && !path.startsWith('@')
  const type = kind === 'seqpacket' ? 'SEQPACKET' : 'STREAM'
  return {
    object: `the Unix socket that listens at ${path.replace(/@+$/, '')}`,
    event: 'somebody to connect to it',
    who: 'Nobody is about to.',
    wakers: [],
    open: true,
    step: {
      command: isPlain
        ? `node -e ${quoted(`net.connect(${addressOf(pid, path)}).end()`)}`
        : `python3 -c ${quoted(`${socketOf(type)}.connect(${addressOf(pid, path)})`)}`,
      effect: 'connects, and closes the connection at once',
    },
  }
}

function socketOf(type: string): string {
  return `from socket import *; socket(AF_UNIX, SOCK_${type})`
}

/**
 * The address as a literal of JavaScript and Python. One that begins with `@` in /proc/net/unix is in no file system, and
 * begins with NUL; those at its end fill up the space of the longest address.
 */
function addressOf(pid: number, path: string): string {
  // A path is as its process wrote it: from the folder that it was in.
  if (!path.startsWith('@')) return JSON.stringify(absolutePath(pid, path))
  return JSON.stringify(path.replace(/^@|@+$/g, (all) => '\0'.repeat(all.length)))
}
