/** File locks: /proc/locks, man 5 proc_locks; the same lines stand in the fdinfo of a descriptor that holds one. */
import { readNumbers, readText } from './read.js'

export interface FileLock {
  /** Those that have it and those that wait for it share a number. */
  id: number
  /** Whether it is waited for, and not held. */
  waits: boolean
  /** `FLOCK` for flock(2), `POSIX` for fcntl(2), `OFDLCK` for its open file description locks, `LEASE`, ... */
  kind: string
  /** `READ` for a shared one, `WRITE` for an exclusive one. */
  access: string
  /** Who took it, which may have ended while others hold it on; 0 or -1 where the kernel names nobody. */
  pid: number
  /** `MAJOR:MINOR:INODE` of the file, as the kernel writes it: two in hexadecimal, one decimal. */
  file: string
  /** First and last byte, `EOF` for all that may come. */
  from: string
  to: string
}

/** Reads the text of /proc/locks. */
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

/** All locks of this machine that are held or waited for; undefined where they cannot be seen. */
export function readLocks(): FileLock[] | undefined {
  const text = readText('/proc/locks')
  return text === undefined ? undefined : parseLocks(text)
}

/**
 * The locks that a descriptor holds. A lock of flock(2) belongs to the open file, so every process that has inherited the
 * descriptor holds it.
 */
function locksOfDescriptor(pid: number, fd: number): FileLock[] {
  const lines = readText(`/proc/${pid}/fdinfo/${fd}`)?.matchAll(/^lock:\s*(.*)$/gm) ?? []
  return [...lines].flatMap(([, line = '']) => parseLocks(line))
}

/** Those among the given processes that hold a lock of this kind on this file, with the descriptor. */
export function lockHolders(
  { kind, file }: Pick<FileLock, 'kind' | 'file'>,
  pids: readonly number[],
): { pid: number; fd: number; lock: FileLock }[] {
  return pids.flatMap((pid) =>
    readNumbers(`/proc/${pid}/fdinfo`).flatMap((fd) => {
      const lock = locksOfDescriptor(pid, fd).find((held) => held.kind === kind && held.file === file)
      return lock ? [{ pid, fd, lock }] : []
    }),
  )
}
