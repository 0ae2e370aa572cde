/**
 * The cache folder of one user: compiled C programs, and Node's compile cache. Files in it are executed, so osdemo uses it only
 * when no other user can write to it.
 */
import { lstatSync, mkdirSync, type Stats } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { errnoOf } from '../errors.js'

/**
 * `$XDG_CACHE_HOME/osdemo`, else `~/.cache/osdemo`. It is created on first use, with mode 0700. It may also have existed
 * before, so the caller must check it with `isOurs`.
 *
 * @throws the error of mkdir(2) or lstat(2); EPERM where its parent belongs neither to this user nor to root
 */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: wished } = process.env
  const base = wished?.startsWith('/') ? wished : join(homedir(), '.cache')
  const folder = join(base, 'osdemo')
  // Not `recursive`: in some folders, such as /proc, Node's loop for it does not end.
  for (const path of [base, folder]) if (!look(path)) makeFolder(path)
  return folder
}

function makeFolder(path: string): void {
  const parent = dirname(path)
  const owner = look(parent)?.uid
  // When root runs in the home of a user (sudo -E), the folder would belong to root, and the user could not use it.
  if (owner !== undefined && owner !== 0 && owner !== process.getuid!()) {
    throw Object.assign(new Error(`${parent} belongs to user ${owner}`), { code: 'EPERM' })
  }
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another osdemo may have created it in the meantime.
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}

/** lstat(2), which does not follow a symbolic link. Undefined where nothing exists. */
export function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

/** Whether it belongs to this user, and no other user can write to it. */
export function isOurs({ uid, mode }: Stats): boolean {
  // osdemo installs only on Linux and macOS, and both have user ids.
  return uid === process.getuid!() && (mode & 0o022) === 0
}
