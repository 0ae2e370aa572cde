/** The kernel object that a descriptor of another process refers to. */
import { type Stats, statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { fdFlags, inodeOf } from './fds.js'
import { readDescriptorLink, readFolderOf } from './links.js'
import { mayDescriptorBlock, mayPathBlock } from './mounts.js'

export interface OpenObject {
  fd: number
  kind:
    | 'pipe'
    | 'socket'
    | 'terminal'
    | 'file'
    | 'eventfd'
    | 'timerfd'
    | 'signalfd'
    | 'inotify'
    | 'pidfd'
    | 'eventpoll'
  /** The link in /proc/PID/fd: a path, `pipe:[INODE]`, `anon_inode:[eventfd]`, ... */
  target: string
  /** A path that opens this object; undefined where there is none. */
  path: string | undefined
  /** The device of a file or pipe; undefined for sockets and anonymous objects. Their `ino` is the one in the link, or 0. */
  dev: number | undefined
  ino: number
}

/**
 * Calls stat(2) for an object with a path, except where its file system may not answer (FUSE, NFS): stat(2) would block, and no
 * signal could end that. What is known then is the path and the inode number. An object without a path is recognized by the text of
 * the link alone.
 *
 * @returns undefined where the descriptor is not open, or this user may not read it
 */
export function openObject(pid: number, fd: number): OpenObject | undefined {
  const target = readDescriptorLink(pid, fd)
  if (target === undefined) return undefined
  const nameless = namelessKind(target)
  if (nameless)
    return { fd, kind: nameless, target, path: undefined, dev: undefined, ino: inodeOf(target) ?? 0 }
  if (target.startsWith('/') && mayDescriptorBlock(pid, fd)) {
    const kind = terminals.test(target) ? 'terminal' : 'file'
    return { fd, kind, target, path: undefined, dev: undefined, ino: fdFlags(pid, fd)?.ino ?? 0 }
  }
  try {
    const stats = statSync(`/proc/${pid}/fd/${fd}`)
    const path = target.startsWith('/') && leadsTo(target, stats) ? target : undefined
    return { fd, kind: kindOf(target, stats), target, path, dev: stats.dev, ino: stats.ino }
  } catch {
    return undefined
  }
}

/** The kind of an object that has neither path nor device. An anonymous pipe is not among them: it is identified by device and inode. */
function namelessKind(target: string): OpenObject['kind'] | undefined {
  if (target.startsWith('socket:[')) return 'socket'
  // The cast holds because the pattern matches only these words.
  return anonymous.exec(target)?.[1] as OpenObject['kind'] | undefined
}

const anonymous = /^anon_inode:\[?(eventfd|timerfd|signalfd|inotify|pidfd|eventpoll)\]?$/

/** False for the path of a removed file, and for a path of another mount namespace that names another file here. */
function leadsTo(path: string, { dev, ino }: Stats): boolean {
  if (mayPathBlock(path)) return false
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.dev === dev && stats.ino === ino
}

function kindOf(target: string, stats: Stats): OpenObject['kind'] {
  if (stats.isFIFO()) return 'pipe'
  if (stats.isSocket()) return 'socket'
  return stats.isCharacterDevice() && terminals.test(target) ? 'terminal' : 'file'
}

const terminals = /^\/dev\/(pts\/|tty|console)/

/** The absolute form of a path that a process uses. @param base the folder in /proc/PID at which a relative path starts */
export function absolutePath(pid: number, path: string, base = 'cwd'): string {
  if (isAbsolute(path)) return resolve(path)
  const folder = readFolderOf(pid, base)
  return folder === undefined ? path : resolve(folder, path)
}
