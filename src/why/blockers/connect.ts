/** connect(2): which process listens at the address and does not accept. */
import { unixPeer } from '../../ipc/unix-diag.js'
import type { Holder } from '../../proc/open-descriptors.js'
import { absolutePath } from '../../proc/open-object.js'
import { readMemory } from '../../proc/process-memory.js'
import type { Blocker, Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { waitOrEnd } from '../step.js'
import { otherEnd } from './descriptor.js'

export interface UnixConnectBlocker extends Waking {
  kind: 'unix-connect'
  pid: number
  fd: number
  /** The address: an absolute path, or `@name` for one that is in no file system. */
  address: string
  /** The address as the process gave it to the kernel. */
  argument: string
  /** The inode of the listener; undefined where none is found. */
  inode?: number
  /** The descriptors of the listener. */
  listeners: Holder[]
  /** How many connections its queue holds; undefined where the kernel does not report it. */
  waiting?: number
}

/** AF_UNIX of sys/socket.h; before its path a struct sockaddr_un has this as 16 bits. */
const AF_UNIX = 1

/** @param args of connect(2) */
export function connecting(world: World, pid: number, fd: number, args: bigint[]): Blocker | undefined {
  const bytes = readMemory(pid, args[1] ?? 0n, Number(BigInt.asUintN(32, args[2] ?? 0n)))
  if (!bytes || bytes.length < 3 || bytes.readUInt16LE() !== AF_UNIX)
    return otherEnd(world, pid, fd, 'writing')
  const argument = unixPath(bytes.subarray(2))
  // The kernel keeps a path as the process wrote it, so it is compared as text.
  const row = world.unix(pid).find((each) => each.listens && each.path === argument)
  const listeners = row ? world.census().socketHolders(row.inode) : []
  const wakers = [...new Set(listeners.map((holder) => holder.pid))]
  const waiting = row && unixPeer(row.inode)?.unread
  return {
    kind: 'unix-connect',
    pid,
    fd,
    address: argument.startsWith('@') ? argument : absolutePath(pid, argument),
    argument,
    ...(row && { inode: row.inode }),
    listeners,
    ...(waiting !== undefined && { waiting }),
    wakers,
    open: wakers.length === 0,
    certain: true,
    steps: wakers.includes(pid) ? [] : waitOrEnd(wakers),
  }
}

/** As /proc/net/unix has it: an address in no file system begins with NUL, and `@` stands for each NUL of it. */
function unixPath(bytes: Buffer): string {
  if (bytes[0] === 0) return bytes.toString('utf8').replaceAll('\0', '@')
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? undefined : end)
}
