/** Open files: /proc/PID/fd (man 5 proc_pid_fd) and /proc/PID/fdinfo (man 5 proc_pid_fdinfo). */
import { readlinkSync, statSync } from 'node:fs'
import { errnoOf } from '../errors.js'
import { readNumbers, readText } from './read.js'

export interface OpenFile {
  fd: number
  /** A path, or `pipe:[INODE]`, `socket:[INODE]`, `anon_inode:[eventpoll]`, ... */
  target: string
  /** The device and the inode together name the kernel object; undefined where the kernel would not tell. */
  dev: number | undefined
  ino: number | undefined
}

/** The open files of a process; empty where they cannot be seen. */
export function openFiles(pid: number): OpenFile[] {
  return readNumbers(`/proc/${pid}/fd`).flatMap((fd) => {
    const path = `/proc/${pid}/fd/${fd}`
    const target = unlessRefused(() => readlinkSync(path))
    if (target === undefined) return []
    // The link is magic: it leads to the open file itself, even where its path names nothing or something else.
    const stat = unlessRefused(() => statSync(path))
    return [{ fd, target, dev: stat?.dev, ino: stat?.ino ?? inodeOf(target) }]
  })
}

/** The inode in `pipe:[INODE]` or `socket:[INODE]`. */
export function inodeOf(target: string): number | undefined {
  const digits = /^(?:pipe|socket):\[(\d+)\]$/.exec(target)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Any refusal at all: one odd file (a stale NFS handle, say) must not end the look at all others. */
function unlessRefused<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

export interface FdInfo {
  /** The flags of open(2), such as O_RDONLY and O_NONBLOCK. */
  flags: number
  /** The offset in bytes. */
  pos: number
}

/** Reads the text of a fdinfo file, where flags are octal. */
export function parseFdInfo(text: string): FdInfo {
  return {
    flags: Number.parseInt(/^flags:\s*(\d+)/m.exec(text)?.[1] ?? '', 8),
    pos: Number(/^pos:\s*(\d+)/m.exec(text)?.[1]),
  }
}

/** How a process has a file open; undefined where it cannot be seen. */
export function fdFlags(pid: number, fd: number): FdInfo | undefined {
  const text = readText(`/proc/${pid}/fdinfo/${fd}`)
  return text === undefined ? undefined : parseFdInfo(text)
}

/**
 * Who holds a kernel object open, among all processes or the given ones. Processes whose files we may not see are
 * left out, so for an ordinary user this is a lower bound.
 */
export function holders(
  dev: number,
  ino: number,
  pids: readonly number[] = readNumbers('/proc'),
): { pid: number; fd: number }[] {
  return pids.flatMap((pid) =>
    openFiles(pid)
      .filter((file) => file.dev === dev && file.ino === ino)
      .map(({ fd }) => ({ pid, fd })),
  )
}
