/** What a descriptor of another process is. */
import { readlinkSync, type Stats, statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { readFolderOf } from './links.js'

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
  dev: number
  ino: number
}

/** Undefined where it is not open, or we may not look. */
export function openObject(pid: number, fd: number): OpenObject | undefined {
  const link = `/proc/${pid}/fd/${fd}`
  try {
    const target = readlinkSync(link)
    const stats = statSync(link)
    const path = target.startsWith('/') && leadsTo(target, stats) ? target : undefined
    return { fd, kind: kindOf(target, stats), target, path, dev: stats.dev, ino: stats.ino }
  } catch {
    return undefined
  }
}

/** A deleted file has a path that leads nowhere; in another mount namespace it may lead to something else. */
function leadsTo(path: string, { dev, ino }: Stats): boolean {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.dev === dev && stats.ino === ino
}

function kindOf(target: string, stats: Stats): OpenObject['kind'] {
  if (stats.isFIFO()) return 'pipe'
  if (stats.isSocket()) return 'socket'
  const special = /^anon_inode:\[?(eventfd|timerfd|signalfd|inotify|pidfd|eventpoll)\]?$/.exec(target)?.[1]
  if (special) return special as OpenObject['kind']
  return stats.isCharacterDevice() && /^\/dev\/(pts\/|tty|console)/.test(target) ? 'terminal' : 'file'
}

/** A path that a process wrote, as it is from the root. @param base the folder in /proc/PID where it begins */
export function absolutePath(pid: number, path: string, base = 'cwd'): string {
  if (isAbsolute(path)) return resolve(path)
  const folder = readFolderOf(pid, base)
  return folder === undefined ? path : resolve(folder, path)
}
