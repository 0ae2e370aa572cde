/**
 * What a process has open, by kind. Only the links in /proc/PID/fd and the fdinfo are read: stat(2) through a descriptor could
 * block. So a FIFO counts as a file, because its link is a path too.
 */
import { unixPeer } from '../ipc/unix-diag.js'
import { parseEventId, readFdInfoText } from '../proc/fd-details.js'
import { accessMode, fdFlags, openFiles } from '../proc/fds.js'
import { type FilesLimit, readFilesLimit } from '../proc/limits.js'
import { isElsewhere } from '../proc/links.js'
import type { TcpRow } from '../proc/net-tcp.js'
import type { UnixRow } from '../proc/net-unix.js'
import type { Holder } from '../proc/open-descriptors.js'
import { peerOf } from './blockers/socket.js'
import type { World } from './snapshot.js'

/** An object, and all descriptors of the process that refer to it. Each end of a pipe is an object of its own. */
export interface Opened {
  /** `file`, `device`, `terminal`, `pipe`, `tcp`, `udp`, `unix`, `socket`, `eventfd`, `eventpoll`, ... */
  kind: string
  /** As /proc/PID/fd has it. */
  target: string
  ino: number | undefined
  fds: number[]
  /** Of the first descriptor. Undefined with O_PATH. */
  access: ReturnType<typeof accessMode>
  tcp?: TcpRow
  udp?: TcpRow
  unix?: UnixRow
}

export interface OpenedFiles {
  /** The number of descriptors. */
  count: number
  objects: Opened[]
  limit: FilesLimit | undefined
  /** How many more it can open before open(2) fails with EMFILE. */
  left: number | undefined
}

/** Empty where the descriptors of the process cannot be read. */
export function openedFiles(world: World, pid: number): OpenedFiles {
  const files = openFiles(pid)
  const hasSockets = files.some(({ target }) => target.startsWith('socket:'))
  const socketOf = hasSockets ? socketsOf(world, pid) : () => undefined
  const objects = new Map<string, Opened>()
  for (const { fd, target, ino } of files) {
    const access = accessMode(fdFlags(pid, fd)?.flags ?? 0)
    const kind = kindOf(target)
    // All anonymous objects of a kind have the same link, so that they are told apart by their descriptors.
    const key = `${target} ${kind === 'pipe' ? access : ''} ${target.startsWith('anon_inode:') ? fd : ino}`
    const known = objects.get(key)
    if (known) known.fds.push(fd)
    else
      objects.set(key, {
        kind,
        target,
        ino,
        fds: [fd],
        access,
        ...(kind === 'socket' && ino !== undefined && socketOf(ino)),
      })
  }
  const limit = readFilesLimit(pid)
  return {
    count: files.length,
    objects: [...objects.values()],
    limit,
    left: limit && Math.max(0, limit.soft - files.filter(({ fd }) => fd < limit.soft).length),
  }
}

function kindOf(target: string): string {
  if (/^\/dev\/(pts\/|tty|console)/.test(target)) return 'terminal'
  if (/^\/dev\/(?!shm\/|mqueue\/)/.test(target)) return 'device'
  if (target.startsWith('/')) return 'file'
  // `pipe:[INODE]`, `socket:[INODE]`, `anon_inode:[eventfd]`, `anon_inode:inotify`, `net:[INODE]`
  return /^(?:anon_inode:\[?)?([\w-]+)/.exec(target)?.[1] ?? 'file'
}

type Socket = Pick<Opened, 'kind' | 'tcp' | 'udp' | 'unix'>

/** The sockets of the network namespace of a process, by inode. */
function socketsOf(world: World, pid: number): (inode: number) => Socket | undefined {
  const all = new Map<number, Socket>()
  for (const unix of world.unix(pid)) all.set(unix.inode, { kind: 'unix', unix })
  for (const udp of world.udp(pid)) all.set(udp.inode, { kind: 'udp', udp })
  for (const tcp of world.tcp(pid)) all.set(tcp.inode, { kind: 'tcp', tcp })
  return (inode) => all.get(inode)
}

/** Which other processes are involved, by pid; undefined where the kernel does not show it. */
export interface Relations {
  /** They have the same end of the same object open. */
  sharers: number[] | undefined
  /** They have the other end open; missing for an object without ends. */
  peers?: number[] | undefined
}

export function relationsOf(world: World, pid: number, opened: Opened): Relations {
  const { kind, target, ino, access, fds, tcp, unix } = opened
  const census = world.census()
  const others = (holders: readonly Holder[]) => [
    ...new Set(holders.flatMap((holder) => (holder.pid === pid ? [] : [holder.pid]))),
  ]
  if (target.startsWith('socket:')) {
    const sharers = others(ino === undefined ? [] : census.socketHolders(ino))
    const peer = tcp
      ? peerOf(world.tcp(pid), tcp)?.inode
      : unix && !isElsewhere(pid, 'net')
        ? unixPeer(unix.inode)?.peer
        : 0
    const holders = peer ? census.socketHolders(peer) : []
    return {
      sharers,
      ...(peer !== undefined && peer !== 0 && { peers: [...new Set(holders.map((each) => each.pid))] }),
    }
  }
  if (kind === 'pipe') {
    const all = census.ofTarget(target).map((holder) => ({ ...holder, access: accessOf(holder) }))
    const same = all.filter((holder) => holder.access === access)
    const opposite = all.filter((holder) => holder.access !== access)
    return { sharers: others(same), peers: [...new Set(opposite.map((holder) => holder.pid))] }
  }
  if (kind === 'eventfd') {
    const idOf = (holder: Holder) => parseEventId(readFdInfoText(holder.pid, holder.fd))
    const id = idOf({ pid, fd: fds[0] ?? 0 })
    return {
      sharers:
        id === undefined ? undefined : others(census.ofTarget(target).filter((each) => idOf(each) === id)),
    }
  }
  if (target.startsWith('anon_inode:')) return { sharers: undefined }
  // Every process may have it open, and its path is the same for all.
  if (kind === 'device' || kind === 'terminal') return { sharers: others(census.ofTarget(target)) }
  return {
    sharers: others(census.ofTarget(target).filter((each) => fdFlags(each.pid, each.fd)?.ino === ino)),
  }
}

function accessOf({ pid, fd }: Holder): Opened['access'] {
  return accessMode(fdFlags(pid, fd)?.flags ?? 0)
}
