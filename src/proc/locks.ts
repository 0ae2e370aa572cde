/** File locks: /proc/locks, man 5 proc_locks. The fdinfo of a descriptor that holds a lock contains the same line. */
import { deviceText } from './device.js'
import { readNumbers, readText } from './read.js'

export interface FileLock {
  /** The number of the lock in the file. Processes that wait for a lock are listed under its number. */
  id: number
  /** True for a process that waits for the lock, false for the lock holder. */
  waits: boolean
  /** `FLOCK` for flock(2), `POSIX` for fcntl(2), `OFDLCK` for its open file description locks, `LEASE`, ... */
  kind: string
  /** `READ` for a shared lock, `WRITE` for an exclusive one. */
  access: string
  /** The process that acquired it. It may have exited while others still hold the lock. 0 or -1 where the kernel names none. */
  pid: number
  /** `MAJOR:MINOR:INODE` of the file, as the kernel writes it: device numbers in hexadecimal, the inode in decimal. */
  file: string
  /** The first and the last byte; `EOF` for a lock without an end. */
  from: string
  to: string
}

/** Parses /proc/locks. */
export function parseLocks(text: string): FileLock[] {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/)
    const waits = words[1] === '->'
    const [id = '', kind = '', , access = '', pid, file = '', from = '', to] = waits
      ? [words[0], ...words.slice(2)]
      : words
    if (to === undefined) return []
    return [{ id: Number.parseInt(id, 10), waits, kind, access, pid: Number(pid), file, from, to }]
  })
}

/** All locks of this machine, with the processes that wait for them; undefined where they cannot be read. */
export function readLocks(): FileLock[] | undefined {
  const text = readText('/proc/locks')
  return text === undefined ? undefined : parseLocks(text)
}

/** A file as /proc/locks names it. */
export function lockFile({ dev, ino }: { dev: number; ino: number }): string {
  return `${deviceText(dev)}:${ino}`
}

/** A lock as a line of /proc/locks, without the words that all locks have in common. */
export function lockLine({ id, waits, kind, access, pid, file, from, to }: FileLock): string {
  return `${id}: ${waits ? '-> ' : ''}${kind} ${access} ${pid} ${file} ${from} ${to}`
}

/** After how many seconds the kernel takes a lease away from a process that does not give it back: man 5 proc_sys_fs. */
export function leaseBreakTime(): number | undefined {
  const text = readText('/proc/sys/fs/lease-break-time')
  return text === undefined ? undefined : Number(text)
}

/**
 * The locks that a descriptor holds. A flock(2) lock belongs to the open file description, so every process that has inherited
 * the descriptor holds it.
 */
function locksOfDescriptor(pid: number, fd: number): FileLock[] {
  const lines = readText(`/proc/${pid}/fdinfo/${fd}`)?.matchAll(/^lock:\s*(.*)$/gm) ?? []
  return [...lines].flatMap(([, line = '']) => parseLocks(line))
}

/** The given processes that hold a lock of this kind on these bytes of this file, each with the descriptor. */
export function lockHolders(
  { kind, file, from, to }: Pick<FileLock, 'kind' | 'file' | 'from' | 'to'>,
  pids: readonly number[],
): { pid: number; fd: number; lock: FileLock }[] {
  return pids.flatMap((pid) =>
    readNumbers(`/proc/${pid}/fdinfo`).flatMap((fd) => {
      const lock = locksOfDescriptor(pid, fd).find(
        (held) => held.kind === kind && held.file === file && held.from === from && held.to === to,
      )
      return lock ? [{ pid, fd, lock }] : []
    }),
  )
}
