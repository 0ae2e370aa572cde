/**
 * The folder of one user for what can be made again: compiled C programs, and Node's compile cache. What lies there is
 * executed, so it counts only while nobody else can write there.
 */
import { lstatSync, mkdirSync, type Stats } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { errnoOf } from '../errors.js'

/**
 * `$XDG_CACHE_HOME/osdemo`, else `~/.cache/osdemo`; made on first use, with mode 0700. The caller must look at it with
 * `isOurs`: it may have been there before.
 *
 * @throws the error of mkdir(2) or lstat(2); EPERM where the folder around it belongs to neither us nor root
 */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: wished } = process.env
  const base = wished?.startsWith('/') ? wished : join(homedir(), '.cache')
  const folder = join(base, 'osdemo')
  // One by one: in some folders, such as /proc, Node's `recursive` never ends.
  for (const path of [base, folder]) if (!look(path)) makeFolder(path)
  return folder
}

function makeFolder(path: string): void {
  const parent = dirname(path)
  const owner = look(parent)?.uid
  // As root in a user's home (sudo -E): that user could not use a folder of root's afterwards. (Linux has user ids.)
  if (owner !== undefined && owner !== 0 && owner !== process.getuid!()) {
    throw Object.assign(new Error(`${parent} belongs to user ${owner}`), { code: 'EPERM' })
  }
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another osdemo may have made it meanwhile.
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}

/** lstat, so that a symbolic link is seen as what it is; undefined when nothing is there. */
export function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

/** Whether it is ours, and no other user can write to it. */
export function isOurs({ uid, mode }: Stats): boolean {
  // Linux and macOS have user ids.
  return uid === process.getuid!() && (mode & 0o022) === 0
}
