/** connect(2): who listens at the address, and does not accept. */
import { unixPeer } from '../../ipc/unix-diag.js'
import { absolutePath } from '../../proc/open-object.js'
import { readMemory } from '../../proc/process-memory.js'
import { endCommand, listed, named, type Other, type World } from '../snapshot.js'
import { otherEnd } from './descriptor.js'

/** AF_UNIX of sys/socket.h; before its path a struct sockaddr_un has this as 16 bits. */
const AF_UNIX = 1

/** @param args of connect(2) */
export function connecting(world: World, pid: number, fd: number, args: bigint[]): Other | undefined {
  const bytes = readMemory(pid, args[1]!, Number(BigInt.asUintN(32, args[2]!)))
  if (!bytes || bytes.length < 3 || bytes.readUInt16LE() !== AF_UNIX)
    return otherEnd(world, pid, fd, 'writing')
  const path = unixPath(bytes.subarray(2))
  // Each path is as a process wrote it, from the folder that it was in.
  const row = world.unix(pid).find((each) => each.listens && each.path === path)
  const listeners = row ? world.census().socketHolders(row.inode) : []
  const pids = [...new Set(listeners.map((holder) => holder.pid))]
  const names = listed(listeners.map((holder) => `${named(holder.pid)}, fd ${holder.fd}`))
  const waiting = row && unixPeer(row.inode)?.unread
  const queue = waiting === undefined ? '' : `, and ${waiting} connections wait to be accepted`
  return {
    object: `a Unix socket that is to be connected with ${path.startsWith('@') ? path : absolutePath(pid, path)}`,
    event: 'who listens there to accept one of those that came before',
    who: names === '' ? 'Who listens there cannot be seen.' : `${names} listens there${queue}.`,
    proofs: [
      { source: `/proc/${pid}/mem`, value: path, about: 'the address that it gave to the kernel' },
      ...(waiting === undefined
        ? []
        : [{ source: 'sock_diag(7)', value: `${waiting}`, about: 'connections that wait to be accepted' }]),
      ...listeners.slice(0, 4).map((holder) => ({
        source: `/proc/${holder.pid}/fd/${holder.fd}`,
        value: `socket:[${row!.inode}]`,
        about: `${named(holder.pid)} listens there`,
      })),
    ],
    wakers: pids,
    open: pids.length === 0,
    step:
      pids.length > 0 && !pids.includes(pid)
        ? { command: endCommand(pids), effect: 'ends who listens there; the call then fails' }
        : undefined,
  }
}

/** As /proc/net/unix has it: an address in no file system begins with NUL, and `@` stands for each NUL of it. */
function unixPath(bytes: Buffer): string {
  if (bytes[0] === 0) return bytes.toString('utf8').replaceAll('\0', '@')
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? undefined : end)
}
