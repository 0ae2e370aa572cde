/**
 * `--save` of a picture, which can be drawn only when the run is over. The file is written under a temporary name in the same
 * folder and then renamed, so that it exists in full or not at all. The ledger records the temporary name, for the case that
 * this process is killed before it renames the file.
 */
import type { BigIntStats } from 'node:fs'
import { access, constants, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DemoFailed, errnoOf } from '../errors.js'
import { draftIn, record } from './ledger.js'

export interface WholeFile {
  /** The file that will be replaced, if there is one. */
  earlier: BigIntStats | undefined
  /** Writes the file. @throws NodeJS.ErrnoException */
  write(content: Uint8Array): Promise<void>
}

/**
 * Checks that a file can be written, before the run whose picture it will contain.
 *
 * @throws NodeJS.ErrnoException, DemoFailed where it is known that it cannot
 */
export async function prepareWholeFile(path: string): Promise<WholeFile> {
  const earlier = await unlessMissing(stat(path, { bigint: true }))
  if (earlier && !earlier.isFile()) {
    const what = earlier.isDirectory() ? 'a folder' : 'not a regular file'
    throw new DemoFailed(`cannot save to ${path}: it is ${what}`, { hint: 'Name another file with --save.' })
  }
  // A symbolic link stays, and its target is replaced.
  const target = earlier ? await realpath(path) : await leadsTo(path)
  await access(dirname(target), constants.W_OK | constants.X_OK)
  // rename(2) would replace the file even where this process may not write to it.
  if (earlier) await access(target, constants.W_OK)
  return { earlier, write: (content) => writeWhole(target, content) }
}

/** Undefined instead of the error that there is no such file. */
async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** The path of a file that does not exist yet. */
async function leadsTo(path: string): Promise<string> {
  const isLink = (await unlessMissing(lstat(path)))?.isSymbolicLink()
  return isLink ? leadsTo(resolve(dirname(path), await readlink(path))) : resolve(path)
}

async function writeWhole(target: string, content: Uint8Array): Promise<void> {
  const earlier = await unlessMissing(stat(target))
  const draft = draftIn(dirname(target))
  const entry = record('file', draft)
  try {
    const file = await open(draft, 'wx', 0o666)
    try {
      // The new file has the permissions of the earlier one.
      if (earlier) await file.chmod(earlier.mode & 0o777)
      await file.writeFile(content)
      // Some file systems report a full disk only here.
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    entry.forget()
  }
}
