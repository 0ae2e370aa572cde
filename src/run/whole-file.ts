/**
 * `--save` of a picture, which can be drawn only when the run is over. The file is written under a temporary name in the same
 * folder and then renamed, so that it exists in full or not at all. The ledger records the temporary name, for the case that
 * osdemo is killed before it renames the file.
 */
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DemoFailed, systemCallError } from '../errors.js'
import type { Event } from '../events.js'
import { draftIn, record } from './ledger.js'
import type { Output, View } from './output.js'

/**
 * Writes a view to a file at the end of a run, also of one that fails.
 *
 * @throws SystemCallError, DemoFailed where it is known before the run that the file cannot be written
 */
export function createWholeFile(view: View, path: string): Output {
  const target = explained(path, () => findTarget(path))
  let text = ''
  return {
    write(event: Event) {
      text += view.event(event)
    },
    full: false,
    onceDrained: () => {},
    hurry: () => {},
    onFailure: () => {},
    end: () => explained(path, () => writeWhole(target, text + view.end())),
  }
}

function explained<T>(path: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    throw systemCallError(error, `cannot save to ${path}`, 'Name another file with --save.')
  }
}

/** The absolute path of the file. A symbolic link stays, and its target is replaced. */
function findTarget(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats && !stats.isFile()) {
    const what = stats.isDirectory() ? 'a folder' : 'not a regular file'
    throw new DemoFailed(`cannot save to ${path}: it is ${what}`, { hint: 'Name another file with --save.' })
  }
  const target = stats ? realpathSync(path) : leadsTo(path)
  accessSync(dirname(target), constants.W_OK | constants.X_OK)
  // rename(2) would replace the file even where this process may not write to it.
  if (stats) accessSync(target, constants.W_OK)
  return target
}

/** The path of a file that does not exist yet. */
function leadsTo(path: string): string {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()
  return isLink ? leadsTo(resolve(dirname(path), readlinkSync(path))) : resolve(path)
}

function writeWhole(target: string, text: string): void {
  const earlier = statSync(target, { throwIfNoEntry: false })
  const draft = draftIn(dirname(target))
  const entry = record('file', draft)
  try {
    const fd = openSync(draft, 'wx', 0o666)
    try {
      // The new file has the permissions of the earlier one.
      if (earlier) fchmodSync(fd, earlier.mode & 0o777)
      writeFileSync(fd, text)
      // Some file systems report a full disk only here.
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, target)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    entry.forget()
  }
}
