/**
 * Open files: /proc/PID/fd (man 5 proc_pid_fd) and /proc/PID/fdinfo (man 5 proc_pid_fdinfo).
 *
 * Nothing here calls stat(2) or open(2) through the link of a descriptor: that asks the file system behind it, and one that does
 * not answer (FUSE, NFS) would hold us in the kernel, where not even SIGTERM ends us. What a file is, its link's text and its
 * fdinfo tell without asking.
 */
import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { errnoOf } from '../errors.js'
import { readNumbers, readText } from './read.js'

export interface OpenFile {
  fd: number
  /** A path, or `pipe:[INODE]`, `socket:[INODE]`, `anon_inode:[eventpoll]`, ... */
  target: string
  /** The inode number, as stat(2) gives it. Of a file that has a path, Linux before 5.14 does not tell it. */
  ino: number | undefined
}

/** The open files of a process; empty where they cannot be seen. */
export function openFiles(pid: number): OpenFile[] {
  return readNumbers(`/proc/${pid}/fd`).flatMap((fd) => {
    const target = unlessRefused(() => readlinkSync(`/proc/${pid}/fd/${fd}`))
    if (target === undefined) return []
    return [{ fd, target, ino: inodeOf(target) ?? fdFlags(pid, fd)?.ino }]
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
  /** The inode number; undefined before Linux 5.14. */
  ino: number | undefined
}

/** Reads the text of a fdinfo file, where flags are octal. */
export function parseFdInfo(text: string): FdInfo {
  const ino = /^ino:\s*(\d+)/m.exec(text)?.[1]
  return {
    flags: Number.parseInt(/^flags:\s*(\d+)/m.exec(text)?.[1] ?? '', 8),
    pos: Number(/^pos:\s*(\d+)/m.exec(text)?.[1]),
    ino: ino === undefined ? undefined : Number(ino),
  }
}

/** How a process has a file open; undefined where it cannot be seen. */
export function fdFlags(pid: number, fd: number): FdInfo | undefined {
  const text = readText(`/proc/${pid}/fdinfo/${fd}`)
  return text === undefined ? undefined : parseFdInfo(text)
}

/** O_PATH of asm-generic/fcntl.h, where x86 and ARM have it too. */
const pathOnly = 0o10000000

/** The access mode in the flags of open(2); undefined with O_PATH, which opens nothing. */
export function accessMode(flags: number): 'O_RDONLY' | 'O_WRONLY' | 'O_RDWR' | undefined {
  if ((flags & pathOnly) !== 0) return undefined
  return (['O_RDONLY', 'O_WRONLY', 'O_RDWR'] as const)[flags & 3]
}

/**
 * Who holds a FIFO or a queue open, among all processes or the given ones: the descriptors whose inode number and last name are
 * these. Before Linux 5.14, which does not tell the number, the whole path must be the same. Processes whose files we may not
 * see are left out, so for an ordinary user this is a lower bound.
 *
 * @param path as the kernel names it: absolute and without symbolic links, or a queue's name
 */
export function holders(
  path: string,
  ino: number,
  pids: readonly number[] = readNumbers('/proc'),
): { pid: number; fd: number }[] {
  const isSame = (file: OpenFile) => {
    // The kernel adds this to the name of a file that has been removed.
    const target = file.target.replace(/ \(deleted\)$/, '')
    return file.ino === undefined ? target === path : file.ino === ino && basename(target) === basename(path)
  }
  return pids.flatMap((pid) =>
    openFiles(pid)
      .filter(isSame)
      .map(({ fd }) => ({ pid, fd })),
  )
}
