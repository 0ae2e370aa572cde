/** The memory of a process, mapping by mapping: /proc/PID/smaps, man 5 proc_pid_smaps and proc_pid_maps. */
import { folder, readText } from './read.js'

export interface Mapping {
  /** First address, and the one after the last. */
  from: bigint
  to: bigint
  /** `r-xp`: what may be done with it, and `p` for private (copy on write) or `s` for shared. */
  permissions: string
  /** Where in the file it begins, in bytes. */
  offset: number
  /** `MAJOR:MINOR` in hexadecimal, and the inode, 0 where no file lies behind it. */
  device: string
  inode: number
  /** A path, `[heap]`, `[stack]`, `[vdso]`, `[anon:NAME]`, `/SYSV00011170 (deleted)`, or empty for nameless memory. */
  name: string
  /** The kernel's counts by its own names (`Rss`, `Private_Dirty`, ...), in bytes; 0 where it has none of that name. */
  bytes(field: string): number
  /** The kernel's two-letter flags: `gd` grows down, `dc` not copied by fork(2), ... */
  flags: string[]
}

// The name may contain anything but a newline, which the kernel writes as \012. A dot would not match the other characters
// that end a line in JavaScript, such as a carriage return.
const head = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) (\S+) (\d+) *([^\n]*)$/

/** Reads the text of a smaps file, or of a maps file, which has the first line of each mapping only. */
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

/** All mappings of a process, lowest address first; undefined where they cannot be seen; none of a zombie or a kernel thread. */
export function readSmaps(pid: number): Mapping[] | undefined {
  const text = readText(`${folder(pid)}/smaps`)
  return text === undefined ? undefined : parseSmaps(text)
}

/** The same by /proc/PID/maps, which is much quicker and counts nothing; empty where it cannot be seen. */
export function readMaps(pid: number): Mapping[] {
  return parseSmaps(readText(`${folder(pid)}/maps`) ?? '')
}
