/** Unix sockets, unix(7): only sock_diag(7) reports which process has the other end. */
import { unixPeer } from '../../ipc/unix-diag.js'
import { isElsewhere } from '../../proc/links.js'
import type { UnixRow } from '../../proc/net-unix.js'
import type { Access, Holder } from '../../proc/open-descriptors.js'
import { absolutePath, type OpenObject } from '../../proc/open-object.js'
import { noWaker, type Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { type Step, type UnixAddress, waitOrEnd } from '../step.js'

export type UnixSocketBlocker = Waking & { pid: number; fd: number; row: UnixRow } & (
    | { kind: 'unix-listener' }
    /**
     * A datagram socket without a peer, or whose peer cannot answer it. Every process may send to its address, where it has one.
     * @property senders descriptors of sockets that are connected to it
     */
    | { kind: 'unix-datagram'; senders: (Holder & { inode: number })[] }
    | UnixConnection
  )

interface UnixConnection {
  kind: 'unix-connection'
  access: Access
  /** As /proc/PID/fd has it. */
  target: string
  /** The inode of the other end; 0 before the connection is accepted, undefined where the kernel does not report it. */
  peer?: number
  /** The listener that should accept it, where that has not happened yet. */
  listener?: UnixRow
  /** Bytes that the other end has not read yet. */
  unread?: number
  /** The descriptors of the other end, or else of the listener. */
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
  // sock_diag(7) only knows the sockets of the network namespace of osdemo.
  if (type === 'datagram' && access === 'reading' && !isElsewhere(pid, 'net')) {
    const step: Step = { do: 'send-unix', type, address: addressOf(pid, row.path) }
    const isAlone = peer === undefined || (row.path === '' && unixPeer(peer)?.peer !== row.inode)
    const senders = isAlone && row.path !== '' ? connectedTo(world, pid, row.inode) : []
    if (isAlone) return { kind: 'unix-datagram', ...about, senders, steps: row.path === '' ? [] : [step] }
  }
  // Before a connection is accepted its other end is no socket of any process: its inode is 0.
  const isWaiting = ({ listens, inode }: UnixRow) => listens && unixPeer(inode)?.pending.includes(row.inode)
  const listener = peer === 0 ? world.unix(pid).find(isWaiting) : undefined
  const end = listener?.inode ?? peer
  const holders = !end ? [] : world.census().socketHolders(end)
  const wakers = [...new Set(holders.map((holder) => holder.pid))]
  const unread = peer === undefined ? undefined : unixPeer(peer)?.unread
  return {
    ...about,
    kind: 'unix-connection',
    access,
    target,
    ...(peer !== undefined && { peer }),
    ...(listener && { listener }),
    ...(unread !== undefined && { unread }),
    holders,
    wakers,
    open: wakers.length === 0,
    // When the peer exits, a call that waits for a datagram does not return.
    steps:
      type === 'datagram' && access === 'reading'
        ? [{ do: 'wait' }]
        : waitOrEnd(wakers.filter((other) => other !== pid)),
  }
}

/** So many datagram sockets are asked for their peers. More would take too long. */
const mostAsked = 200

/** The descriptors of datagram sockets that are connected to this one. */
function connectedTo(world: World, pid: number, inode: number): (Holder & { inode: number })[] {
  return world
    .unix(pid)
    .filter((each) => each.kind === 'datagram')
    .slice(0, mostAsked)
    .filter((each) => unixPeer(each.inode)?.peer === inode)
    .flatMap((each) =>
      world
        .census()
        .socketHolders(each.inode)
        .map((holder) => ({ ...holder, inode: each.inode })),
    )
}

/**
 * From an address as /proc/net/unix has it. There `@` stands for NUL: one that begins with it is in no file system, and those at
 * its end fill the space of the longest address. A relative path begins at the folder that its process was in.
 */
function addressOf(pid: number, path: string): UnixAddress {
  if (!path.startsWith('@')) {
    const absolute = absolutePath(pid, path)
    return { path: isElsewhere(pid, 'mnt') ? `/proc/${pid}/root${absolute}` : absolute }
  }
  return { abstract: path.replace(/^@|@+$/g, (all) => '\0'.repeat(all.length)) }
}
