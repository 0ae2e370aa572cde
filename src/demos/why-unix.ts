/** Unix sockets, unix(7): who has the other end is known to sock_diag(7) alone. */
import { unixPeer } from '../ipc/unix-diag.js'
import type { Access } from '../proc/census.js'
import type { UnixRow } from '../proc/net-unix.js'
import { quoted } from './quoted.js'
import { absolutePath, type OpenObject } from './why-object.js'
import { endCommand, listed, named, type Other, type World } from './why-world.js'

export function unixEnd(world: World, pid: number, object: OpenObject, row: UnixRow, access: Access): Other {
  const { inode, path } = row
  const proof = {
    source: `/proc/${pid}/net/unix`,
    value: `${row.kind}${row.listens ? ', listens' : ''}, inode ${inode}${path && `, ${path}`}`,
    about: 'its socket',
  }
  if (row.listens) return { ...listening(pid, path), proofs: [proof] }
  const reads = access === 'reading'
  const peer = unixPeer(inode)?.peer
  const holders = peer === undefined ? [] : world.census().socketHolders(peer)
  const pids = [...new Set(holders.map((holder) => holder.pid))]
  const others = pids.filter((other) => other !== pid)
  const unread = peer === undefined ? undefined : unixPeer(peer)?.unread
  const names = listed(holders.map((holder) => `${named(holder.pid)}, fd ${holder.fd}`))
  const queue = reads || unread === undefined ? '' : `; ${unread} bytes wait there to be read`
  return {
    object: `a Unix socket (${row.kind}, inode ${inode}${path && `, ${path}`})`,
    event: reads ? 'the other end to send' : 'the other end to read',
    who: names === '' ? 'Who has the other end cannot be seen.' : `The other end: ${names}${queue}.`,
    proofs: [
      proof,
      { source: `/proc/${pid}/fd/${object.fd}`, value: object.target, about: `its fd ${object.fd}` },
      ...(peer === undefined
        ? []
        : [{ source: 'sock_diag(7)', value: `inode ${peer}`, about: 'the other end' }]),
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

/** An address that begins with `@` here is one in no file system, which begins with NUL. */
function listening(pid: number, path: string): Omit<Other, 'proofs'> {
  // A path is as its process wrote it: from the folder that it was in.
  const address = path.startsWith('@') ? path.replace('@', '\0') : absolutePath(pid, path)
  return {
    object: `the Unix socket that listens at ${path}`,
    event: 'somebody to connect to it',
    who: 'Nobody is about to.',
    wakers: [],
    open: true,
    step: {
      command: `node -e ${quoted(`net.connect(${JSON.stringify(address)}).end()`)}`,
      effect: 'connects, and closes the connection at once',
    },
  }
}
