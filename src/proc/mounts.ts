/** The mounts of a process: /proc/PID/mountinfo, man 5 proc_pid_mountinfo. Reading it asks no file system. */
import { closeSync, openSync, readlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errnoOf } from '../errors.js'
import { folder, readText } from './read.js'

export interface Mount {
  /** As `mnt_id` in the fdinfo of a descriptor. */
  id: number
  /** The minor device number: of FUSE, the number of the connection to its server. */
  minor: number
  /** The path inside the file system that is mounted, mostly `/`. */
  root: string
  /** Where it is mounted. */
  point: string
  /** `ext4`, `tmpfs`, `fuse.sshfs`, `cgroup2`, ... */
  type: string
  /** Options of the file system itself, such as the controllers of a cgroup hierarchy. */
  options: string[]
}

/** Parses a mountinfo file: `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS TAG... - TYPE SOURCE OPTIONS`. */
function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [id, , device = '', root = '', point] = before.split(' ')
    const [type, , options = ''] = after.split(' ')
    if (point === undefined || type === undefined) return []
    const minor = Number(device.split(':')[1])
    return [{ id: Number(id), minor, root, point: unescaped(point), type, options: options.split(',') }]
  })
}

/** Space, tab, newline and backslash are written as octal numbers. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** Empty where they cannot be read. */
export function readMounts(pid: number): Mount[] {
  try {
    return parseMounts(readText(`${folder(pid)}/mountinfo`) ?? '')
  } catch (error) {
    // A zombie is in no mount namespace any more.
    if (errnoOf(error) !== 'EINVAL') throw error
    return []
  }
}

/** File systems whose files are somewhere else: a call on one blocks while its server does not answer. */
const remote = /^(fuse|nfs|cifs|smb|9p|ceph|autofs|afs|coda|lustre|gfs2|ocfs2|virtiofs)/

/** Whether stat(2) of a file in it may block. A mount that is not listed was unmounted lazily, or is of another namespace. */
function mayBlock(mount: Mount | undefined): boolean {
  return mount === undefined || remote.test(mount.type)
}

/** Whether stat(2) of an open file may block. An anonymous pipe or socket is in no mount that is listed, but always answers. */
export function mayDescriptorBlock(pid: number, fd: number): boolean {
  return mayBlock(mountOf(pid, fd))
}

/** The mount of an open file; undefined for what is in no mount that the process or osdemo sees. */
export function mountOf(pid: number, fd: number): Mount | undefined {
  const id = mountId(readText(`${folder(pid)}/fdinfo/${fd}`))
  const isIt = (mount: Mount) => mount.id === id
  return id === undefined ? undefined : (readMounts(pid).find(isIt) ?? readMounts(process.pid).find(isIt))
}

function mountId(fdinfo = ''): number | undefined {
  const id = /^mnt_id:\s*(\d+)/m.exec(fdinfo)?.[1]
  return id === undefined ? undefined : Number(id)
}

/** Whether looking up a path may block: a mount on the way to it, as osdemo sees it. @param path absolute, without symbolic links */
export function mayPathBlock(path: string): boolean {
  return isBehind(path, remotePoints(process.pid))
}

/** Whether one of these paths, as a process sees them, is in a file system that may not answer. */
export function usesRemoteFile(pid: number, paths: readonly string[]): boolean {
  const points = remotePoints(pid)
  return points.length > 0 && paths.some((path) => path.startsWith('/') && isBehind(path, points))
}

function remotePoints(pid: number): string[] {
  return readMounts(pid).flatMap((mount) => (mayBlock(mount) ? [mount.point] : []))
}

function isBehind(path: string, points: readonly string[]): boolean {
  return points.some((point) => path === point || path.startsWith(point === '/' ? '/' : `${point}/`))
}

/** As many symbolic links as the kernel follows: path_resolution(7). */
const mostLinks = 40

/**
 * Whether looking up a path that a process uses may block. It goes along the path as the kernel does, and touches a part of it only
 * when no mount on the way may block.
 *
 * @param base where a relative path starts in /proc/PID: `cwd` or `fd/N`
 */
export function mayLookupBlock(pid: number, base: string, path: string): boolean {
  const points = [...remotePoints(pid), ...remotePoints(process.pid)]
  if (!isSafePlace(pid, 'root', points)) return true
  if (!path.startsWith('/') && !isSafePlace(pid, base, points)) return true
  const root = readLink(pid, 'root') ?? '/'
  const start = path.startsWith('/') ? '/' : (readLink(pid, base) ?? '/')
  // A link in /proc is as osdemo sees it, and the mounts are as the process does: below its root.
  let at = root !== '/' && start.startsWith(`${root}/`) ? start.slice(root.length) : start
  const rest = path.split('/').reverse()
  let links = 0
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === '' || part === '.') continue
    at = part === '..' ? dirname(at) : join(at, part)
    if (isBehind(at, points)) return true
    const magic = /^\/proc\/(\d+|self)\/(?:task\/\d+\/)?(cwd|root|fd\/\d+)$/.exec(at)
    if (magic?.[2] !== undefined) {
      const whose = magic[1] === 'self' ? pid : Number(magic[1])
      if (!isSafePlace(whose, magic[2], points)) return true
    }
    const target = at === '/proc/self' ? `${pid}` : linkTarget(`${folder(pid)}/root${at}`)
    if (target === undefined) continue
    if (++links > mostLinks) return true
    at = target.startsWith('/') ? '/' : dirname(at)
    rest.push(...target.split('/').reverse())
  }
  return false
}

function readLink(pid: number, place: string): string | undefined {
  return linkTarget(`${folder(pid)}/${place}`)
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    // EINVAL: it is no link.
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

/** Whether a folder or descriptor of a process is in a mount that answers. */
function isSafePlace(pid: number, place: string, points: readonly string[]): boolean {
  const fd = /^fd\/(\d+)$/.exec(place)?.[1]
  const target = readLink(pid, place)
  // It cannot be read: then osdemo cannot use it either.
  if (target === undefined) return true
  if (fd !== undefined) return !target.startsWith('/') || !mayDescriptorBlock(pid, Number(fd))
  if (isBehind(target, points)) return false
  // The path of a folder in a mount that was unmounted lazily looks like another one. Only a descriptor shows its mount. With
  // O_PATH, open(2) follows the link and asks no file system.
  let own: number | undefined
  try {
    own = openSync(`${folder(pid)}/${place}`, pathOnly)
    const id = mountId(readText(`/proc/self/fdinfo/${own}`))
    const mount = [...readMounts(pid), ...readMounts(process.pid)].find((each) => each.id === id)
    return !mayBlock(mount)
  } catch {
    return true
  } finally {
    if (own !== undefined) closeSync(own)
  }
}

/** O_PATH of asm-generic/fcntl.h. */
const pathOnly = 0o10000000
