/** The folder of one user where two terminals find each other: default FIFO, private FIFOs of demos, the ledger. */
import { chmodSync, lstatSync, mkdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { DemoFailed, errnoOf, systemCallError } from '../errors.js'

const hint = 'set XDG_RUNTIME_DIR to a folder that only you can write to'

/**
 * `$XDG_RUNTIME_DIR/osdemo`, else `/run/user/UID/osdemo`, else `/tmp/osdemo-UID`; made on first use, mode 0700.
 * A base that belongs to somebody else (as after `sudo -E`) is passed over.
 *
 * @throws DemoFailed when what is there is no folder of ours: in /tmp anybody could have put it there
 */
export function runtimeFolder(): string {
  // Linux and macOS, the only systems that osdemo installs on, have user ids.
  const uid = process.getuid!()
  const bases = [process.env.XDG_RUNTIME_DIR, `/run/user/${uid}`]
  const base = bases.find((folder) => folder?.startsWith('/') && isOurFolder(look(folder), uid))
  const folder = base ? join(base, 'osdemo') : `/tmp/osdemo-${uid}`
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') {
      throw systemCallError(error, `cannot make the runtime folder ${folder}`, hint)
    }
  }
  const stats = look(folder)
  if (!stats || !isOurFolder(stats, uid)) {
    throw new DemoFailed(
      `${folder} is ${describe(stats)}, not a folder of yours: somebody else may have put it there`,
      {
        hint,
      },
    )
  }
  if ((stats.mode & 0o077) !== 0) {
    try {
      chmodSync(folder, 0o700)
    } catch (error) {
      throw systemCallError(error, `cannot close the runtime folder ${folder} to others`, hint)
    }
  }
  return folder
}

/** lstat, so that a symbolic link is seen as what it is. A folder that we may not even look at is not there for us. */
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
  if (!stats) return 'gone'
  if (stats.isSymbolicLink()) return 'a symbolic link'
  return stats.isDirectory() ? `a folder of user ${stats.uid}` : 'a file'
}
