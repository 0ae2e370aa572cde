/** Unix sockets, unix(7): which process has the other end is known to sock_diag(7) alone. */
import { unixPeer } from '../../ipc/unix-diag.js'
import type { UnixRow } from '../../proc/net-unix.js'
import type { Access, Holder } from '../../proc/open-descriptors.js'
import { absolutePath, type OpenObject } from '../../proc/open-object.js'
import { noWaker, type Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { endOthers, type Step, type UnixAddress } from '../step.js'

export type UnixSocketBlocker = Waking & { pid: number; fd: number; row: UnixRow } & (
    | { kind: 'unix-listener' }
    /** A datagram socket that is connected with none: everybody may send to its address, where it has one. */
    | { kind: 'unix-datagram' }
    | UnixConnection
  )

interface UnixConnection {
  kind: 'unix-connection'
  access: Access
  /** As /proc/PID/fd has it. */
  target: string
  /** The inode of the other end; 0 where nobody has accepted the connection yet, undefined where the kernel does not tell. */
  peer?: number
  /** Bytes that wait to be read at the other end. */
  unread?: number
  /** The descriptors of the other end. */
  holders: Holder[]
}

export function unixEnd(
  world: World,
  pid: number,
  object: OpenObject,
  row: UnixRow,
  access: Access,
): UnixSocketBlocker {
  const { fd, target } = object
  const about = { pid, fd, row, ...noWaker }
  const type = row.kind
  if (row.listens) {
    const step: Step = { do: 'connect-unix', type, address: addressOf(pid, row.path) }
    return { kind: 'unix-listener', ...about, steps: [step] }
  }
  const peer = unixPeer(row.inode)?.peer
  if (peer === undefined && type === 'datagram' && access === 'reading') {
    const step: Step = { do: 'send-unix', type, address: addressOf(pid, row.path) }
    return { kind: 'unix-datagram', ...about, steps: row.path === '' ? [] : [step] }
  }
  // The other end of a connection that nobody has accepted yet is no socket of any process: its inode is 0.
  const holders = !peer ? [] : world.census().socketHolders(peer)
  const wakers = [...new Set(holders.map((holder) => holder.pid))]
  const unread = peer === undefined ? undefined : unixPeer(peer)?.unread
  return {
    ...about,
    kind: 'unix-connection',
    access,
    target,
    ...(peer !== undefined && { peer }),
    ...(unread !== undefined && { unread }),
    holders,
    wakers,
    open: wakers.length === 0,
    steps: endOthers(wakers.filter((other) => other !== pid)),
  }
}

/**
 * From an address as /proc/net/unix has it. One that begins with `@` is in no file system, and begins with NUL; those at its end
 * fill up the space of the longest address. A path is as its process wrote it: from the folder that it was in.
 */
function addressOf(pid: number, path: string): UnixAddress {
  if (!path.startsWith('@')) return { path: absolutePath(pid, path) }
  return { abstract: path.replace(/^@|@+$/g, (all) => '\0'.repeat(all.length)) }
}
