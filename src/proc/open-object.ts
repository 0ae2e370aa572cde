/** What a descriptor of another process is. */
import { type Stats, statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { inodeOf } from './fds.js'
import { readDescriptorLink, readFolderOf } from './links.js'

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
  /** As /proc/PID/fd has it: a path, `pipe:[INODE]`, `anon_inode:[eventfd]`, ... */
  target: string
  /** Its path, where it has one that leads to it. */
  path: string | undefined
  /** The device of a file or pipe; undefined for sockets and for what is anonymous, whose inode is that of their link or 0. */
  dev: number | undefined
  ino: number
}

/**
 * Asks the file system behind a path, as stat(2) does: where that does not answer (FUSE, NFS), this blocks. What has no path is
 * known by the text of its link alone.
 *
 * @returns undefined where it is not open, or we may not look
 */
export function openObject(pid: number, fd: number): OpenObject | undefined {
  const target = readDescriptorLink(pid, fd)
  if (target === undefined) return undefined
  const nameless = namelessKind(target)
  if (nameless)
    return { fd, kind: nameless, target, path: undefined, dev: undefined, ino: inodeOf(target) ?? 0 }
  try {
    const stats = statSync(`/proc/${pid}/fd/${fd}`)
    const path = target.startsWith('/') && leadsTo(target, stats) ? target : undefined
    return { fd, kind: kindOf(target, stats), target, path, dev: stats.dev, ino: stats.ino }
  } catch {
    return undefined
  }
}

/** What has no path and does not need its device: of a pipe without a name the device belongs to its identity. */
function namelessKind(target: string): OpenObject['kind'] | undefined {
  if (target.startsWith('socket:[')) return 'socket'
  // The pattern has these words only.
  return anonymous.exec(target)?.[1] as OpenObject['kind'] | undefined
}

const anonymous = /^anon_inode:\[?(eventfd|timerfd|signalfd|inotify|pidfd|eventpoll)\]?$/

/** A deleted file has a path that leads nowhere; in another mount namespace it may lead to something else. */
function leadsTo(path: string, { dev, ino }: Stats): boolean {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.dev === dev && stats.ino === ino
}

function kindOf(target: string, stats: Stats): OpenObject['kind'] {
  if (stats.isFIFO()) return 'pipe'
  if (stats.isSocket()) return 'socket'
  return stats.isCharacterDevice() && /^\/dev\/(pts\/|tty|console)/.test(target) ? 'terminal' : 'file'
}

/** A path that a process wrote, as it is from the root. @param base the folder in /proc/PID where it begins */
export function absolutePath(pid: number, path: string, base = 'cwd'): string {
  if (isAbsolute(path)) return resolve(path)
  const folder = readFolderOf(pid, base)
  return folder === undefined ? path : resolve(folder, path)
}
