/** The mappings of a process: /proc/PID/smaps, man 5 proc_pid_smaps and proc_pid_maps. */
import { folder, readText } from './read.js'

export interface Mapping {
  /** The first address, and the address after the last. */
  from: bigint
  to: bigint
  /** `r-xp`: read, write, execute, and `p` for private (copy-on-write) or `s` for shared. */
  permissions: string
  /** The offset in the file at which it starts, in bytes. */
  offset: number
  /** The device of the file, `MAJOR:MINOR` in hexadecimal, and its inode; 0 for a mapping without a file. */
  device: string
  inode: number
  /** A path, `[heap]`, `[stack]`, `[vdso]`, `[anon:NAME]`, `/SYSV00011170 (deleted)`, or empty for memory without a name. */
  name: string
  /** A count of the kernel by its field (`Rss`, `Private_Dirty`, ...), in bytes; 0 where there is no such field. */
  bytes(field: string): number
  /** The flags of the line `VmFlags`, two letters each: `gd` grows down, `dc` is not copied by fork(2), ... */
  flags: string[]
}

// The name may contain any character except a newline, which the kernel writes as \012. So the pattern has no dot, which in
// JavaScript does not match a carriage return and other line terminators.
const head = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) (\S+) (\d+) *([^\n]*)$/

/** Parses a smaps file, or a maps file, which has only the first line of each mapping. */
export function parseSmaps(text: string): Mapping[] {
  const mappings: (Mapping & { counts: Map<string, number> })[] = []
  for (const line of text.split('\n')) {
    const found = head.exec(line)
    if (found) {
      const [, from, to, permissions = '', offset = '', device = '', inode, name = ''] = found
      const counts = new Map<string, number>()
      mappings.push({
        from: BigInt(`0x${from}`),
        to: BigInt(`0x${to}`),
        permissions,
        offset: Number.parseInt(offset, 16),
        device,
        inode: Number(inode),
        name: name.replace(/\\012/g, '\n'),
        bytes: (field) => counts.get(field) ?? 0,
        flags: [],
        counts,
      })
      continue
    }
    const mapping = mappings.at(-1)
    const [, field, rest = ''] = /^(\w+):\s*(.*)$/.exec(line) ?? []
    if (!mapping || field === undefined) continue
    if (field === 'VmFlags') mapping.flags = rest.trim().split(/\s+/)
    else if (rest.endsWith(' kB')) mapping.counts.set(field, Number.parseInt(rest, 10) * 1024)
  }
  return mappings
}

/** All mappings, lowest address first. Undefined where they cannot be read; empty for a zombie and a kernel thread. */
export function readSmaps(pid: number): Mapping[] | undefined {
  const text = readText(`${folder(pid)}/smaps`)
  return text === undefined ? undefined : parseSmaps(text)
}

/** The mappings without counts and flags, from /proc/PID/maps, which is much faster; empty where they cannot be read. */
export function readMaps(pid: number): Mapping[] {
  return parseSmaps(readText(`${folder(pid)}/maps`) ?? '')
}

/** What a process maps so that others may share it, each as `DEVICE INODE`, as two processes with the same memory call it. */
export function sharedMemory(pid: number): string[] {
  const text = readText(`${folder(pid)}/maps`) ?? ''
  return Array.from(text.matchAll(/^\S+ ...s \S+ (\S+) (\d+)/gm), ([, device, inode]) => `${device} ${inode}`)
}

/** The mapping that contains an address, without counts and flags; undefined where there is none. */
export function mappingAt(pid: number, address: bigint): Mapping | undefined {
  return readMaps(pid).find(({ from, to }) => from <= address && address < to)
}
