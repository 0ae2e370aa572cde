/**
 * `--save` of what can only be drawn when the run is over: the file is written under another name in the same folder and then
 * renamed, so that it is there whole or not at all. Where we are killed in between, the ledger knows that name.
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
import { dirname, join, resolve } from 'node:path'
import { DemoFailed, systemCallError } from '../errors.js'
import type { Event } from '../events.js'
import { record } from './ledger.js'
import type { Output, View } from './output.js'

/**
 * Writes a view to a file at the end of a run, whatever ended it.
 *
 * @throws SystemCallError, DemoFailed when it could not be written there, as far as can be seen before
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
    throw systemCallError(error, `cannot save to ${path}`, 'name another file with --save')
  }
}

/** The absolute path of the file; a symbolic link stays, and what it leads to is replaced. */
function findTarget(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats && !stats.isFile()) {
    const what = stats.isDirectory() ? 'a folder' : 'no regular file'
    throw new DemoFailed(`cannot save to ${path}: it is ${what}`, { hint: 'name another file with --save' })
  }
  const target = stats ? realpathSync(path) : leadsTo(path)
  accessSync(dirname(target), constants.W_OK | constants.X_OK)
  // Renaming would do away with it all the same.
  if (stats) accessSync(target, constants.W_OK)
  return target
}

/** Where a file will be that is not there yet. */
function leadsTo(path: string): string {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()
  return isLink ? leadsTo(resolve(dirname(path), readlinkSync(path))) : resolve(path)
}

function writeWhole(target: string, text: string): void {
  const earlier = statSync(target, { throwIfNoEntry: false })
  const draft = join(dirname(target), `.osdemo-${process.pid}-${process.hrtime.bigint()}`)
  const entry = record('file', draft)
  try {
    const fd = openSync(draft, 'wx', 0o666)
    try {
      // Who may read the one before may read this one, and nobody else.
      if (earlier) fchmodSync(fd, earlier.mode & 0o777)
      writeFileSync(fd, text)
      // A full disk may show only now.
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
