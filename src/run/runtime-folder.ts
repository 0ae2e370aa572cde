/** The runtime folder of one user, where two terminals meet: the default FIFO, and a folder of each run (ledger.ts). */
import { chmodSync, lstatSync, mkdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { DemoFailed, errnoOf, systemCallError } from '../errors.js'

const hint = 'Set XDG_RUNTIME_DIR to a folder that only you can write to.'

/**
 * `$XDG_RUNTIME_DIR/osdemo`, else `/run/user/UID/osdemo`, else `/tmp/osdemo-UID`. It is created on first use, with mode 0700.
 * A base that belongs to another user (as after `sudo -E`) is not used.
 *
 * @throws DemoFailed where it is no folder of this user: in /tmp any user could have created it
 */
export function runtimeFolder(): string {
  // osdemo installs only on Linux and macOS, and both have user ids.
  const uid = process.getuid!()
  const bases = [process.env.XDG_RUNTIME_DIR, `/run/user/${uid}`]
  const base = bases.find((folder) => folder?.startsWith('/') && isOurFolder(look(folder), uid))
  const folder = base ? join(base, 'osdemo') : `/tmp/osdemo-${uid}`
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') {
      throw systemCallError(error, `cannot create the runtime folder ${folder}`, hint)
    }
  }
  const stats = look(folder)
  if (!stats || !isOurFolder(stats, uid)) {
    throw new DemoFailed(`cannot use the runtime folder ${folder}: it is ${describe(stats)}`, { hint })
  }
  if ((stats.mode & 0o077) !== 0) {
    try {
      chmodSync(folder, 0o700)
    } catch (error) {
      throw systemCallError(error, `cannot make the runtime folder ${folder} private`, hint)
    }
  }
  return folder
}

/** lstat(2), which does not follow a symbolic link. Undefined also where this process may not look. */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function isOurFolder(stats: Stats | undefined, uid: number): boolean {
  return stats?.isDirectory() === true && stats.uid === uid
}

function describe(stats: Stats | undefined): string {
  if (!stats) return 'missing'
  if (stats.isSymbolicLink()) return 'a symbolic link'
  return stats.isDirectory() ? `a folder of user ${stats.uid}` : 'a file'
}
