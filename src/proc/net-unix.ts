/** Unix sockets: /proc/net/unix, man 5 proc_pid_net. The file does not contain which sockets are connected. */
import { readText } from './read.js'

export interface UnixRow {
  /** As in `socket:[INODE]`. */
  inode: number
  kind: 'stream' | 'datagram' | 'seqpacket' | 'other'
  /** Whether it is a listener. */
  listens: boolean
  /** Its address: a path, or `@name` for an abstract address; empty where it has none. See unix(7). */
  path: string
}

/** SOCK_STREAM, SOCK_DGRAM and SOCK_SEQPACKET, as the kernel prints them. */
const kinds: Partial<Record<string, UnixRow['kind']>> = {
  '0001': 'stream',
  '0002': 'datagram',
  '0005': 'seqpacket',
}

/** The flag of a listener: __SO_ACCEPTCON of linux/net.h. */
const accepts = 0x10000

/** Parses the file: a line of column names, then `Num: RefCount Protocol Flags Type St Inode Path`. */
export function parseNetUnix(text: string): UnixRow[] {
  return text.split('\n').flatMap((line) => {
    const found = /^[0-9a-f]+: \w+ \w+ (\w+) (\w+) \w+ +(\d+)(?: (.*))?$/.exec(line)
    if (!found) return []
    const [, flags = '', type = '', inode, path = ''] = found
    const kind = kinds[type] ?? 'other'
    return [{ inode: Number(inode), kind, listens: (Number.parseInt(flags, 16) & accepts) !== 0, path }]
  })
}

/** The Unix sockets of the network namespace of a process; empty where they cannot be read. */
export function readUnixTable(pid: number): UnixRow[] {
  return parseNetUnix(readText(`/proc/${pid}/net/unix`) ?? '')
}
