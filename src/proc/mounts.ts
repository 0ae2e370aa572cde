/** The mounts of a process: /proc/PID/mountinfo, man 5 proc_pid_mountinfo. Reading it asks no file system. */
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
export function parseMounts(text: string): Mount[] {
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
  return parseMounts(readText(`${folder(pid)}/mountinfo`) ?? '')
}

/** File systems whose files are somewhere else: a call on one blocks while its server does not answer. */
const remote = /^(fuse|nfs|cifs|smb|9p|ceph|autofs|afs|coda|lustre|gfs2|ocfs2|virtiofs)/

/** Whether stat(2) of a file in it may block. */
export function mayBlock({ type }: Mount): boolean {
  return remote.test(type)
}

/** Whether looking up a path may block: a mount on the way to it, as the process sees it. @param path absolute */
export function mayPathBlock(pid: number, path: string): boolean {
  return readMounts(pid).some(({ point, type }) => {
    const isOnTheWay = path === point || path.startsWith(point === '/' ? '/' : `${point}/`)
    return isOnTheWay && remote.test(type)
  })
}

/** The mount of an open file; undefined for an object that is in no mount of the process, such as a pipe or a queue. */
export function mountOf(pid: number, fd: number): Mount | undefined {
  const id = /^mnt_id:\s*(\d+)/m.exec(readText(`${folder(pid)}/fdinfo/${fd}`) ?? '')?.[1]
  return id === undefined ? undefined : readMounts(pid).find((mount) => mount.id === Number(id))
}
