/**
 * Open files: /proc/PID/fd (man 5 proc_pid_fd) and /proc/PID/fdinfo (man 5 proc_pid_fdinfo).
 *
 * Nothing here calls stat(2) or open(2) through the link of a descriptor, because both ask the file system of the file. If that
 * does not answer (FUSE, NFS), osdemo would block in the kernel, where SIGTERM cannot terminate it. The text of the link and the
 * fdinfo come from the kernel alone.
 */
import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { errnoOf } from '../errors.js'
import { readNumbers, readText } from './read.js'

export interface OpenFile {
  fd: number
  /** A path, or `pipe:[INODE]`, `socket:[INODE]`, `anon_inode:[eventpoll]`, ... */
  target: string
  /** The inode number, as stat(2) returns it. Undefined for a file with a path on Linux before 5.14. */
  ino: number | undefined
}

/** The open files of a process; empty where they cannot be read. */
export function openFiles(pid: number): OpenFile[] {
  return openLinks(pid).map(({ fd, target }) => ({
    fd,
    target,
    ino: inodeOf(target) ?? fdFlags(pid, fd)?.ino,
  }))
}

/** The same without inode numbers, which takes half the time. */
export function openLinks(pid: number): Pick<OpenFile, 'fd' | 'target'>[] {
  return readNumbers(`/proc/${pid}/fd`).flatMap((fd) => {
    const target = unlessRefused(() => readlinkSync(`/proc/${pid}/fd/${fd}`))
    return target === undefined ? [] : [{ fd, target }]
  })
}

/** The inode in `pipe:[INODE]` or `socket:[INODE]`. */
export function inodeOf(target: string): number | undefined {
  const digits = /^(?:pipe|socket):\[(\d+)\]$/.exec(target)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Undefined for every errno: one unusual file, such as a stale NFS handle, must not hide all others. */
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
  /** The file offset in bytes. */
  pos: number
  /** The inode number; undefined before Linux 5.14. */
  ino: number | undefined
  /** The id of its mount, which no other mount of this machine has at the same time: mountinfo. */
  mount: number
}

/** Parses a fdinfo file, in which the flags are octal. */
export function parseFdInfo(text: string): FdInfo {
  const ino = /^ino:\s*(\d+)/m.exec(text)?.[1]
  return {
    flags: Number.parseInt(/^flags:\s*(\d+)/m.exec(text)?.[1] ?? '', 8),
    pos: Number(/^pos:\s*(\d+)/m.exec(text)?.[1]),
    ino: ino === undefined ? undefined : Number(ino),
    mount: Number(/^mnt_id:\s*(\d+)/m.exec(text)?.[1]),
  }
}

/** Flags, offset and inode of an open file; undefined where they cannot be read. */
export function fdFlags(pid: number, fd: number): FdInfo | undefined {
  const text = readText(`/proc/${pid}/fdinfo/${fd}`)
  return text === undefined ? undefined : parseFdInfo(text)
}

/** O_PATH of asm-generic/fcntl.h, which x86 and ARM use. */
const pathOnly = 0o10000000

/** The access mode in the flags of open(2); undefined with O_PATH, which allows neither reading nor writing. */
export function accessMode(flags: number): 'O_RDONLY' | 'O_WRONLY' | 'O_RDWR' | undefined {
  if ((flags & pathOnly) !== 0) return undefined
  return (['O_RDONLY', 'O_WRONLY', 'O_RDWR'] as const)[flags & 3]
}

/**
 * The descriptors, in all processes or the given ones, that refer to a FIFO or a queue. A descriptor is recognized by its inode
 * number and the last part of its path. Linux before 5.14 does not report the number, so there the whole path must be the same.
 * The files of other users' processes cannot be read, so for an ordinary user the list may be incomplete.
 *
 * @param path as the kernel reports it: absolute and without symbolic links, or the name of a queue
 */
export function holders(
  path: string,
  ino: number,
  pids: readonly number[] = readNumbers('/proc'),
): { pid: number; fd: number }[] {
  const isSame = (file: OpenFile) => {
    // The kernel appends this to the path of a removed file.
    const target = file.target.replace(/ \(deleted\)$/, '')
    return file.ino === undefined ? target === path : file.ino === ino && basename(target) === basename(path)
  }
  return pids.flatMap((pid) =>
    openFiles(pid)
      .filter(isSame)
      .map(({ fd }) => ({ pid, fd })),
  )
}
